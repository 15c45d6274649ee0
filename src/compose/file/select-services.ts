import { didYouMean } from "./closest-name.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import type { Project, Service } from "./project.ts";

/** The project without the services that no active profile asks for, and their names. */
export function withProfiles(
  project: Project,
  active: readonly string[],
): { project: Project; disabled: Record<string, Service> } {
  const all = active.includes("*");
  const enabled = ({ profiles = [] }: Service) =>
    all || profiles.length === 0 || profiles.some((profile) => active.includes(profile));
  const [on, off] = [new Map<string, Service>(), new Map<string, Service>()];
  for (const [name, service] of Object.entries(project.services)) {
    (enabled(service) ? on : off).set(name, service);
  }
  return {
    project: { ...project, services: Object.fromEntries(on) },
    disabled: Object.fromEntries(off),
  };
}

/** Services that were named count as asked for, with what they depend on. */
export function enableServices(
  project: Project,
  disabled: Record<string, Service>,
  names: readonly string[],
): Project {
  const services = { ...project.services };
  const enable = (name: string): void => {
    const service = services[name] ?? disabled[name];
    if (service === undefined || services[name] === service) return;
    services[name] = service;
    for (const [next, { required }] of Object.entries(service.depends_on ?? {})) {
      if (required) enable(next);
    }
  };
  for (const name of names) enable(name);
  return { ...project, services };
}

export type DependencyChoice = "with dependencies" | "alone";

/** The named services alone (all, if none is named), and unless `alone` all that they depend on. */
export function selectServices(
  project: Project,
  names: readonly string[],
  choice: DependencyChoice = "with dependencies",
): Project {
  if (names.length === 0) return project;
  const chosen = new Set<string>();
  const choose = (name: string): void => {
    const service = project.services[name];
    if (service === undefined) {
      throw new ComposeFileError(
        `no such service: ${name}${didYouMean(name, Object.keys(project.services))}`,
      );
    }
    if (chosen.has(name)) return;
    chosen.add(name);
    if (choice === "alone") return;
    for (const [next, { required }] of Object.entries(service.depends_on ?? {})) {
      if (required || next in project.services) choose(next);
    }
  };
  for (const name of names) choose(name);
  const services = Object.entries(project.services).filter(([name]) => chosen.has(name));
  return { ...project, services: Object.fromEntries(services) };
}

/** Networks, volumes, secrets and configs that no service uses are not the command's business. */
export function withoutUnused(project: Project): Project {
  const services = Object.values(project.services);
  const used = {
    networks: services.flatMap(({ networks }) => Object.keys(networks ?? {})),
    volumes: services.flatMap(({ volumes }) =>
      (volumes ?? []).flatMap(({ type, source }) =>
        type === "volume" && source !== undefined ? [source] : [],
      ),
    ),
    secrets: services.flatMap(({ secrets, build }) =>
      [...(secrets ?? []), ...(build?.secrets ?? [])].map(({ source }) => source),
    ),
    configs: services.flatMap(({ configs }) => (configs ?? []).map(({ source }) => source)),
  };
  const result: Project = { ...project };
  for (const kind of ["networks", "volumes", "secrets", "configs"] as const) {
    const kept = keep(project[kind], new Set(used[kind]));
    if (kept === undefined) delete result[kind];
    else Object.assign(result, { [kind]: kept });
  }
  return result;
}

function keep<T>(resources: Record<string, T> | undefined, names: ReadonlySet<string>) {
  const kept = Object.entries(resources ?? {}).filter(([name]) => names.has(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
