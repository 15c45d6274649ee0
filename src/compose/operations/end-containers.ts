import { EngineError } from "../../spec/index.ts";
import type { Hook, Project } from "../file/project.ts";
import type { ServiceContainer } from "../state/project-state.ts";
import type { ProjectContext } from "./project-context.ts";
import { runHook } from "./run-hook.ts";
import { inReverseOrder } from "./service-graph.ts";

export interface EndOptions {
  /** Seconds until SIGKILL; undefined: what the container says. */
  timeout?: number;
  /** Remove anonymous volumes with their container. */
  volumes?: boolean;
}

/** Stops containers, those that depend on others first. */
export async function stopServices(
  context: ProjectContext,
  containers: readonly ServiceContainer[],
  timeout: number | undefined,
): Promise<void> {
  await eachService(context.project, containers, (container) =>
    stopContainer(context, container, timeout),
  );
}

/** Stops and removes containers, those that depend on others first. */
export async function removeServices(
  context: ProjectContext,
  containers: readonly ServiceContainer[],
  options: EndOptions,
): Promise<void> {
  await eachService(context.project, containers, async (container) => {
    await stopContainer(context, container, options.timeout);
    await removeContainer(context, container, options.volumes ?? false);
  });
}

function eachService(
  project: Project,
  containers: readonly ServiceContainer[],
  work: (container: ServiceContainer) => Promise<void>,
): Promise<void> {
  const services = [...new Set(containers.map(({ service }) => service))];
  const needs = (name: string) => dependenciesOf(project, containers, name);
  return inReverseOrder(services, needs, async (name) => {
    await Promise.all(containers.filter(({ service }) => service === name).map(work));
  });
}

/** What a service depends on: by the file, or by its container's label where the file has it no more. */
function dependenciesOf(
  { services }: Project,
  containers: readonly ServiceContainer[],
  name: string,
): string[] {
  const service = services[name];
  if (service !== undefined) return Object.keys(service.depends_on ?? {});
  const label = containers.find((container) => container.service === name)?.labels[
    "com.docker.compose.depends_on"
  ];
  return (label ?? "").split(",").flatMap((entry) => entry.split(":")[0] || []);
}

export async function stopContainer(
  context: ProjectContext,
  container: ServiceContainer,
  timeout: number | undefined,
): Promise<void> {
  const { client, progress, project } = context;
  if (!["running", "restarting", "paused"].includes(container.state)) return;
  const subject = `Container ${container.name}`;
  progress.step(subject, "Stopping", "working");
  const hooks: readonly Hook[] = project.services[container.service]?.pre_stop ?? [];
  for (const hook of container.state === "running" ? hooks : []) {
    await runHook(context, container.id, container.name, hook).catch((error: unknown) => {
      context.warn(`pre_stop hook of ${container.name}: ${String(error)}`);
    });
  }
  const options = timeout === undefined ? {} : { timeout };
  await context.parallel(() => client.containers.stop(container.id, options)).catch(ignoreGone);
  progress.step(subject, "Stopped", "done");
}

export async function removeContainer(
  context: ProjectContext,
  container: ServiceContainer,
  volumes: boolean,
): Promise<void> {
  const { client, progress } = context;
  const subject = `Container ${container.name}`;
  progress.step(subject, "Removing", "working");
  await context
    .parallel(() => client.containers.remove(container.id, { force: true, volumes }))
    .catch(ignoreGone);
  progress.step(subject, "Removed", "done");
}

/** Somebody else was faster. */
export function ignoreGone(error: unknown): void {
  const gone = error instanceof EngineError && error.kind === "not-found";
  const going = error instanceof Error && /is already in progress/.test(error.message);
  if (!gone && !going) throw error;
}
