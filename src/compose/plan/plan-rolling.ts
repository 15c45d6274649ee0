import type { Project, Service } from "../file/project.ts";
import type { ContainerStep, UpPlan } from "./plan-up.ts";

export type RecreateStep = ContainerStep & { kind: "recreate" };

export interface RollingPlan {
  /** What is left for the ordinary way; containers that are rolled count as kept. */
  plan: UpPlan;
  /** By service: what is replaced by starting the new one first. */
  rolling: ReadonlyMap<string, RecreateStep[]>;
  /** Services that are made anew in the ordinary way after all, and why. */
  refused: ReadonlyMap<string, string>;
}

/** Which containers of a plan can be replaced without a gap. Pure. */
export function planRolling(project: Project, plan: UpPlan): RollingPlan {
  const services = new Map(plan.services);
  const rolling = new Map<string, RecreateStep[]>();
  const refused = new Map<string, string>();
  const renewed = new Set(
    plan.networks.filter(({ kind }) => kind === "recreate").map(({ key }) => key),
  );
  for (const [name, steps] of plan.services) {
    const service = project.services[name] ?? {};
    const replaced = steps.filter(
      (step): step is RecreateStep =>
        step.kind === "recreate" && step.container.state === "running",
    );
    if (replaced.length === 0 || service.deploy?.update_config?.order === "stop-first") continue;
    const obstacle = obstacleOf(project, name, service, renewed);
    if (obstacle !== undefined) {
      refused.set(name, obstacle);
      continue;
    }
    rolling.set(name, replaced);
    services.set(
      name,
      steps.map((step) =>
        (replaced as ContainerStep[]).includes(step) && step.kind === "recreate"
          ? { kind: "keep", container: step.container }
          : step,
      ),
    );
  }
  return { plan: { ...plan, services }, rolling, refused };
}

/** What two containers cannot have at the same time. */
function obstacleOf(
  project: Project,
  name: string,
  service: Service,
  renewed: ReadonlySet<string>,
): string | undefined {
  const networks = Object.entries(service.networks ?? {});
  for (const [key, settings] of networks) {
    if (renewed.has(key)) return `network "${key}" is made anew`;
    if (settings?.ipv4_address !== undefined || settings?.ipv6_address !== undefined) {
      return `it has a fixed address in network "${key}"`;
    }
    if (settings?.mac_address !== undefined) return `it has a fixed MAC address`;
  }
  if (service.mac_address !== undefined) return "it has a fixed MAC address";
  const { network_mode: mode } = service;
  if (mode === "host" || mode?.includes(":") === true) return `its network is "${mode}"`;
  const sharing = Object.entries(project.services).find(([, other]) =>
    [other.network_mode, other.ipc, other.pid].includes(`service:${name}`),
  );
  return sharing === undefined ? undefined : `"${sharing[0]}" shares its namespaces`;
}
