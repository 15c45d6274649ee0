import type { ContainerCreateRequest, ContainerInspect } from "../../spec/index.ts";
import type { Service } from "../file/project.ts";
import { type ContainerOptions, containerRequest } from "../model/container-request.ts";
import { containerName } from "../model/names.ts";
import type { ContainerStep, UpPlan } from "../plan/plan-up.ts";
import type { ProjectState, ServiceContainer } from "../state/project-state.ts";
import { stopContainer } from "./end-containers.ts";
import type { ProjectContext } from "./project-context.ts";
import { inDependencyOrder } from "./service-graph.ts";
import { type LookupVariable, writeFiles } from "./write-files.ts";

export interface MakeOptions {
  imageIds: ReadonlyMap<string, string>;
  lookup: LookupVariable;
  /** Anonymous volumes follow a container that is made anew. */
  keepVolumes: boolean;
  /** Seconds; undefined: what the container says. */
  stopTimeout?: number;
}

/** A container as it stands after making: its id, and whether it was there before. */
export interface MadeContainer {
  id: string;
  name: string;
  service: string;
  number: number;
  fresh: boolean;
}

/** Creates, replaces and removes containers as the plan says, as many at once as they allow. */
export async function makeContainers(
  context: ProjectContext,
  plan: UpPlan,
  state: ProjectState,
  options: MakeOptions,
): Promise<Map<string, MadeContainer[]>> {
  const made = new Map<string, MadeContainer[]>();
  const { project } = context;
  const known = (service: string): string | undefined =>
    made.get(service)?.[0]?.id ?? state.containers.find((each) => each.service === service)?.id;
  await inDependencyOrder(
    Object.keys(project.services),
    (name) => creationNeeds(project.services[name] ?? {}),
    async (name) => {
      const service = project.services[name] ?? {};
      const steps = plan.services.get(name) ?? [];
      const results = await Promise.all(
        steps.map((step) => makeContainer(context, name, service, step, known, options)),
      );
      made.set(
        name,
        results.filter((each) => each !== undefined).sort((a, b) => a.number - b.number),
      );
    },
  );
  return made;
}

/** Services whose container has to be there before this one can be created. */
export function creationNeeds(service: Service): string[] {
  const shared = [service.network_mode, service.ipc, service.pid].flatMap((mode) =>
    mode?.startsWith("service:") === true ? [mode.slice("service:".length)] : [],
  );
  const volumes = (service.volumes_from ?? [])
    .filter((entry) => !entry.startsWith("container:"))
    .map((entry) => entry.split(":")[0] ?? "");
  const links = (service.links ?? []).map((link) => link.split(":")[0] ?? "");
  return [...shared, ...volumes, ...links];
}

async function makeContainer(
  context: ProjectContext,
  name: string,
  service: Service,
  step: ContainerStep,
  containerOf: (service: string) => string | undefined,
  options: MakeOptions,
): Promise<MadeContainer | undefined> {
  switch (step.kind) {
    case "keep":
      return { ...pick(step.container), fresh: false };
    case "remove":
      await removeSurplus(context, step.container, options.stopTimeout);
      return undefined;
    case "create":
      return create(context, name, service, step.number, containerOf, options);
    case "recreate":
      return recreate(context, name, service, step, containerOf, options);
  }
}

const pick = ({ id, name, service, number }: ServiceContainer) => ({ id, name, service, number });

async function removeSurplus(
  context: ProjectContext,
  container: ServiceContainer,
  timeout: number | undefined,
): Promise<void> {
  await stopContainer(context, container, timeout);
  context.progress.step(`Container ${container.name}`, "Removing", "working");
  await context.parallel(() => context.client.containers.remove(container.id, { force: true }));
  context.progress.step(`Container ${container.name}`, "Removed", "done");
}

async function create(
  context: ProjectContext,
  name: string,
  service: Service,
  number: number,
  containerOf: (service: string) => string | undefined,
  options: MakeOptions,
): Promise<MadeContainer> {
  const { project, progress } = context;
  const named = containerName(project.name, name, service, number);
  progress.step(`Container ${named}`, "Creating", "working");
  const request = requestOf(context, name, service, { number, containerOf }, options);
  const id = await createContainer(context, named, request, service, options.lookup);
  progress.step(`Container ${named}`, "Created", "done");
  return { id, name: named, service: name, number, fresh: true };
}

/**
 * The new container is created beside the old one, under a name of its own, so that a failure leaves the
 * old one untouched; then the old one goes and the new one takes its name.
 */
async function recreate(
  context: ProjectContext,
  name: string,
  service: Service,
  { container, number, reason }: ContainerStep & { kind: "recreate" },
  containerOf: (service: string) => string | undefined,
  options: MakeOptions,
): Promise<MadeContainer> {
  const { client, project, progress } = context;
  const named = containerName(project.name, name, service, number);
  const subject = `Container ${container.name}`;
  progress.step(subject, "Recreate", "working", reason);
  const replaces = await client.containers.inspect(container.id);
  const request = requestOf(context, name, service, { number, containerOf, replaces }, options);
  const temporary = `${container.id.slice(0, 12)}_${named}`;
  const id = await createContainer(context, temporary, request, service, options.lookup);
  try {
    await context.parallel(() =>
      client.containers.stop(container.id, stopOptions(options.stopTimeout)),
    );
    await client.containers.remove(container.id, { force: true });
    await client.containers.rename(id, named);
  } catch (error) {
    await client.containers.remove(id, { force: true }).catch(() => {});
    throw error;
  }
  progress.step(subject, "Recreated", "done");
  return { id, name: named, service: name, number, fresh: true };
}

export const stopOptions = (timeout: number | undefined) =>
  timeout === undefined ? {} : { timeout };

export function requestOf(
  context: ProjectContext,
  name: string,
  service: Service,
  found: {
    number: number;
    containerOf(service: string): string | undefined;
    replaces?: ContainerInspect;
  },
  options: MakeOptions,
): ContainerCreateRequest {
  const imageId = options.imageIds.get(name);
  const whole: ContainerOptions = {
    ...found,
    place: context.place,
    useAliases: true,
    links: linksOf(context, service, found.containerOf),
    keepVolumes: options.keepVolumes,
    ...(imageId === undefined ? {} : { imageId }),
  };
  return containerRequest(context.project, name, service, whole);
}

/** `container:alias` for each link, under the service's name, the container's and the alias. */
export function linksOf(
  context: ProjectContext,
  service: Service,
  containerOf: (service: string) => string | undefined,
): string[] {
  const own = (service.links ?? []).flatMap((link) => {
    const [target = "", alias = target] = link.split(":");
    const id = containerOf(target);
    if (id === undefined) return [];
    const named = containerName(
      context.project.name,
      target,
      context.project.services[target] ?? {},
      1,
    );
    return [`${named}:${alias}`, `${named}:${named}`];
  });
  const external = (service.external_links ?? []).map((link) =>
    link.includes(":") ? link : `${link}:${link}`,
  );
  return [...own, ...external];
}

export async function createContainer(
  context: ProjectContext,
  named: string,
  request: ContainerCreateRequest,
  service: Service,
  lookup: LookupVariable,
): Promise<string> {
  const { client, project } = context;
  const platform = service.platform === undefined ? {} : { platform: service.platform };
  const { Id, Warnings } = await context.parallel(() =>
    client.containers.create(request, { name: named, ...platform }),
  );
  for (const warning of Warnings ?? []) context.warn(`${named}: ${warning}`);
  try {
    await writeFiles(client, Id, project, service, lookup);
  } catch (error) {
    await client.containers.remove(Id, { force: true, volumes: true }).catch(() => {});
    throw error;
  }
  return Id;
}
