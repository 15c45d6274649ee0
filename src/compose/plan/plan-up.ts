import type { Project, Service } from "../file/project.ts";
import { networkHash, serviceHash } from "../model/config-hash.ts";
import { LABEL } from "../model/labels.ts";
import { wantedScale } from "../model/names.ts";
import type { ProjectState, ServiceContainer } from "../state/project-state.ts";

export type Recreate = "diverged" | "force" | "never";

export interface PlanOptions {
  /** Services that the command names; all without. */
  targets: readonly string[];
  recreate: Recreate;
  /** For services that are there as dependencies alone. */
  recreateDependencies: Recreate;
  removeOrphans: boolean;
  /** Services that the file has beside those that are wanted now: their containers are no orphans. */
  others?: ReadonlySet<string>;
  /** Image of a service → its id; absent where it is not known. */
  imageIds: ReadonlyMap<string, string>;
}

export type ContainerStep =
  | { kind: "keep"; container: ServiceContainer }
  | { kind: "create"; number: number }
  | { kind: "recreate"; container: ServiceContainer; number: number; reason: string }
  | { kind: "remove"; container: ServiceContainer };

export interface ResourceStep {
  key: string;
  kind: "keep" | "create" | "recreate";
}

/** What has to be done so that a project is as its file says. */
export interface UpPlan {
  networks: ResourceStep[];
  volumes: ResourceStep[];
  services: Map<string, ContainerStep[]>;
  /** Containers of the project whose service the file does not have. */
  orphans: ServiceContainer[];
}

/** Compares what is with what is wanted. Pure: it asks nobody and changes nothing. */
export function planUp(project: Project, state: ProjectState, options: PlanOptions): UpPlan {
  const networks = networkSteps(project, state);
  const renewed = new Set(
    networks
      .filter(({ kind }) => kind !== "keep")
      .map(({ key }) => project.networks?.[key]?.name ?? key),
  );
  const services = new Map<string, ContainerStep[]>();
  for (const [name, service] of Object.entries(project.services)) {
    const present = state.containers.filter((container) => container.service === name);
    services.set(name, serviceSteps(name, service, present, renewed, options));
  }
  return {
    networks,
    volumes: volumeSteps(project, state),
    services,
    orphans: state.containers.filter(
      ({ service }) => !(service in project.services) && options.others?.has(service) !== true,
    ),
  };
}

function networkSteps(project: Project, { networks }: ProjectState): ResourceStep[] {
  return Object.entries(project.networks ?? {}).flatMap(([key, network]): ResourceStep[] => {
    if (network.external === true) return [];
    const present = networks.find(({ Name }) => Name === network.name);
    if (present === undefined) return [{ key, kind: "create" }];
    const hash = present.Labels?.[LABEL.configHash];
    const same = hash === undefined || hash === networkHash(network);
    return [{ key, kind: same ? "keep" : "recreate" }];
  });
}

function volumeSteps(project: Project, { volumes }: ProjectState): ResourceStep[] {
  return Object.entries(project.volumes ?? {}).flatMap(([key, volume]): ResourceStep[] => {
    if (volume.external === true) return [];
    const present = volumes.some(({ Name }) => Name === volume.name);
    return [{ key, kind: present ? "keep" : "create" }];
  });
}

function serviceSteps(
  name: string,
  service: Service,
  present: readonly ServiceContainer[],
  renewed: ReadonlySet<string>,
  options: PlanOptions,
): ContainerStep[] {
  const scale = wantedScale(service);
  const named = options.targets.length === 0 || options.targets.includes(name);
  const recreate = named ? options.recreate : options.recreateDependencies;
  const imageId = options.imageIds.get(name);
  const judged = present.map((container) => ({
    container,
    reason: divergence(service, container, renewed, imageId, recreate),
  }));
  // What is up to date stays, what runs stays before what does not, old numbers before new ones.
  const ordered = [...judged].sort(
    (a, b) =>
      Number(a.reason !== undefined) - Number(b.reason !== undefined) ||
      Number(b.container.state === "running") - Number(a.container.state === "running") ||
      a.container.number - b.container.number,
  );
  const kept = ordered.slice(0, scale).sort((a, b) => a.container.number - b.container.number);
  const steps: ContainerStep[] = kept.map(({ container, reason }) =>
    reason === undefined
      ? { kind: "keep", container }
      : { kind: "recreate", container, number: container.number, reason },
  );
  steps.push(
    ...ordered.slice(scale).map(({ container }): ContainerStep => ({ kind: "remove", container })),
  );
  const taken = new Set(kept.map(({ container }) => container.number));
  for (let number = 1; taken.size < scale; number++) {
    if (taken.has(number)) continue;
    taken.add(number);
    steps.push({ kind: "create", number });
  }
  return steps;
}

/** Why a container is not what the file says; undefined if it is. */
function divergence(
  service: Service,
  { labels, summary }: ServiceContainer,
  renewed: ReadonlySet<string>,
  imageId: string | undefined,
  recreate: Recreate,
): string | undefined {
  if (recreate === "never") return undefined;
  if (recreate === "force") return "asked for";
  if (labels[LABEL.configHash] !== serviceHash(service)) return "its configuration has changed";
  if (imageId !== undefined && summary.ImageID !== "" && summary.ImageID !== imageId) {
    return "its image has changed";
  }
  const joined = Object.keys(summary.NetworkSettings?.Networks ?? {});
  const stale = joined.find((network) => renewed.has(network));
  return stale === undefined ? undefined : `network ${stale} is made anew`;
}

/** Services in the order in which they start: each after what it depends on. */
export function startOrder(project: Project): string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    const service = project.services[name];
    if (service === undefined || order.includes(name)) return;
    for (const dependency of Object.keys(service.depends_on ?? {})) visit(dependency);
    if (!order.includes(name)) order.push(name);
  };
  for (const name of Object.keys(project.services)) visit(name);
  return order;
}
