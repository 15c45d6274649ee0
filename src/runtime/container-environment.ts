import type { ContainerConfig } from "../spec/index.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Puts `overrides` over `defaults`: a name that is there already changes in its place, a new one is
 * appended, and one without `=` takes the variable away.
 */
export function mergeEnvironment(
  defaults: readonly string[],
  overrides: readonly string[],
): string[] {
  const merged = new Map<string, string>();
  for (const entry of defaults) merged.set(nameOf(entry), entry);
  for (const entry of overrides) {
    if (entry.includes("=")) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

const nameOf = (entry: string): string => entry.slice(0, Math.max(0, entry.indexOf("=")));

export interface EnvironmentRequest {
  config: Pick<ContainerConfig, "Env" | "Hostname" | "Domainname">;
  tty: boolean;
  home: string;
  linkEnv?: readonly string[];
  /** Of an exec; goes over the container's own. */
  extra?: readonly string[];
}

/** The environment of a process in a container: PATH, HOSTNAME, TERM for a tty, links, the user's, HOME. */
export function createEnvironment(request: EnvironmentRequest): string[] {
  const { Hostname, Domainname, Env } = request.config;
  const fullName = Domainname === "" ? Hostname : `${Hostname}.${Domainname}`;
  const defaults = [
    `PATH=${DEFAULT_PATH}`,
    `HOSTNAME=${fullName}`,
    ...(request.tty ? ["TERM=xterm"] : []),
    ...(request.linkEnv ?? []),
  ];
  const merged = mergeEnvironment(mergeEnvironment(defaults, Env ?? []), request.extra ?? []);
  const hasHome = merged.some((entry) => entry.startsWith("HOME="));
  return hasHome ? merged : [...merged, `HOME=${request.home}`];
}
