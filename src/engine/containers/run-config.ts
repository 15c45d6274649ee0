import {
  type ContainerConfig,
  type HealthConfig,
  type ImageRunConfig,
  invalidArgument,
} from "../../spec/index.ts";

/**
 * Lays a container's configuration over its image's: what the user left empty comes from the image, lists
 * of named things (environment, labels, ports, volumes) are joined with the user's values winning.
 */
export function mergeRunConfig(
  user: ContainerConfig,
  image: ImageRunConfig | undefined,
): ContainerConfig {
  const base = image ?? {};
  const healthcheck = mergeHealthcheck(user.Healthcheck, base.Healthcheck);
  const { ExposedPorts, ...rest } = user;
  const exposed = joinKeys(ExposedPorts, base.ExposedPorts);
  return {
    ...rest,
    ...mergeCommand(user, base),
    User: user.User || (base.User ?? ""),
    Env: mergeEnvironment(user.Env, base.Env),
    WorkingDir: user.WorkingDir || (base.WorkingDir ?? ""),
    Labels: { ...base.Labels, ...user.Labels },
    ...(exposed === null ? {} : { ExposedPorts: exposed }),
    Volumes: joinKeys(user.Volumes, base.Volumes),
    ...(healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
    ...either("StopSignal", user.StopSignal, base.StopSignal),
    ...(user.Shell == null && base.Shell != null ? { Shell: base.Shell } : {}),
    OnBuild: null,
  };
}

/** The program and its arguments. Throws Docker's message when there is none. */
export function commandLine(config: Pick<ContainerConfig, "Entrypoint" | "Cmd">): {
  path: string;
  args: string[];
} {
  const [path, ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (path === undefined) throw invalidArgument("no command specified");
  return { path, args };
}

function mergeCommand(
  user: ContainerConfig,
  image: ImageRunConfig,
): Pick<ContainerConfig, "Cmd" | "Entrypoint"> {
  // `--entrypoint ""` arrives as [""]: no entrypoint, not even the image's.
  const reset = user.Entrypoint?.length === 1 && user.Entrypoint[0] === "";
  if (reset) return { Entrypoint: null, Cmd: user.Cmd };
  if ((user.Entrypoint?.length ?? 0) > 0) return { Entrypoint: user.Entrypoint, Cmd: user.Cmd };
  return {
    Entrypoint: user.Entrypoint ?? image.Entrypoint ?? null,
    Cmd: (user.Cmd?.length ?? 0) > 0 ? user.Cmd : (image.Cmd ?? null),
  };
}

function mergeEnvironment(
  user: string[] | null,
  image: readonly string[] | null | undefined,
): string[] | null {
  const name = (variable: string) => variable.split("=", 1)[0];
  const own = user ?? [];
  const named = new Set(own.map(name));
  return [...own, ...(image ?? []).filter((variable) => !named.has(name(variable)))];
}

function mergeHealthcheck(
  user: HealthConfig | undefined,
  image: HealthConfig | undefined,
): HealthConfig | undefined {
  if (user === undefined || image === undefined) return user ?? image;
  const merged: HealthConfig = { ...image };
  if ((user.Test?.length ?? 0) > 0 && user.Test !== undefined) merged.Test = user.Test;
  for (const key of ["Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"] as const) {
    const value = user[key];
    if (value !== undefined && value !== 0) merged[key] = value;
  }
  return merged;
}

function joinKeys<T>(
  user: Record<string, T> | null | undefined,
  image: Record<string, T> | null | undefined,
): Record<string, T> | null {
  const joined = { ...image, ...user };
  return Object.keys(joined).length === 0 ? null : joined;
}

function either<Key extends string>(
  key: Key,
  user: string | undefined,
  image: string | undefined,
): { [K in Key]?: string } {
  const value = user || image;
  return (value === undefined || value === "" ? {} : { [key]: value }) as { [K in Key]?: string };
}
