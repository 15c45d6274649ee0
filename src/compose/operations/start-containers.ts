import type { Dependency, Project, Service } from "../file/project.ts";
import type { ContainerWatch } from "../state/container-watch.ts";
import type { MadeContainer } from "./make-containers.ts";
import type { ProjectContext } from "./project-context.ts";
import { runHook } from "./run-hook.ts";
import { inDependencyOrder } from "./service-graph.ts";
import { DependencyFailed, type Wanted, waitForCondition } from "./wait-for-dependency.ts";

export interface StartOptions {
  watch: ContainerWatch;
  /** Containers by service. */
  containers: Map<string, MadeContainer[]>;
  /** Replaces what a service has by what it is to have; those that it gives run. */
  roll?: (name: string, service: Service) => Promise<MadeContainer[]>;
  /** Ids of containers that run. */
  running: ReadonlySet<string>;
  /** Services that are done and are not started again. */
  done: ReadonlySet<string>;
  /** Called before a container starts, so that none of its output is missed. */
  beforeStart?: (container: MadeContainer) => Promise<void>;
}

/** Starts containers, each service as soon as what it depends on is as it wants it. */
export async function startContainers(
  context: ProjectContext,
  options: StartOptions,
): Promise<void> {
  const { project } = context;
  const waits = new DependencyWaits(context, options);
  await inDependencyOrder(
    Object.keys(project.services),
    (name) => Object.keys(project.services[name]?.depends_on ?? {}),
    async (name) => {
      const service = project.services[name] ?? {};
      await waits.forService(name, service);
      if (options.done.has(name)) return;
      const containers = options.containers.get(name) ?? [];
      const rolled = await options.roll?.(name, service);
      const others = containers.filter(
        ({ number }) => rolled?.some((one) => one.number === number) !== true,
      );
      options.containers.set(
        name,
        [...(rolled ?? []), ...others].sort((a, b) => a.number - b.number),
      );
      await Promise.all(others.map((each) => startContainer(context, service, each, options)));
    },
  );
}

async function startContainer(
  context: ProjectContext,
  service: Service,
  container: MadeContainer,
  { running, beforeStart }: StartOptions,
): Promise<void> {
  const { client, progress } = context;
  const subject = `Container ${container.name}`;
  if (running.has(container.id)) {
    progress.step(subject, "Running", "done");
    return;
  }
  await beforeStart?.(container);
  progress.step(subject, "Starting", "working");
  await context.parallel(() => client.containers.start(container.id));
  for (const hook of service.post_start ?? []) {
    await runHook(context, container.id, container.name, hook);
  }
  progress.step(subject, "Started", "done");
}

/** Waits that several services share are waited for once. */
class DependencyWaits {
  readonly #context: ProjectContext;
  readonly #options: StartOptions;
  readonly #shared = new Map<string, Promise<void>>();

  constructor(context: ProjectContext, options: StartOptions) {
    this.#context = context;
    this.#options = options;
  }

  async forService(name: string, service: Service): Promise<void> {
    const wanted = Object.entries(service.depends_on ?? {});
    await Promise.all(
      wanted.map(([other, dependency]) => this.#forDependency(name, other, dependency)),
    );
  }

  async #forDependency(name: string, other: string, dependency: Dependency): Promise<void> {
    if (!(other in this.#context.project.services)) return;
    const key = `${other} ${dependency.condition}`;
    const waiting = this.#shared.get(key) ?? this.#wait(other, dependency.condition);
    this.#shared.set(key, waiting);
    try {
      await waiting;
    } catch (error) {
      if (!(error instanceof DependencyFailed)) throw error;
      if (dependency.required) {
        throw new DependencyFailed(
          `dependency failed to start: ${error.message} (wanted by "${name}")`,
        );
      }
      this.#context.warn(`optional dependency "${other}" of "${name}" failed: ${error.message}`);
    }
  }

  async #wait(service: string, condition: Wanted): Promise<void> {
    const { progress } = this.#context;
    const containers = this.#options.containers.get(service) ?? [];
    const [waiting, reached] = WORDS[condition];
    await Promise.all(
      containers.map(async ({ id, name }) => {
        if (condition === "service_started") return;
        progress.step(`Container ${name}`, waiting, "working");
        try {
          await waitForCondition(this.#options.watch, id, condition);
        } catch (error) {
          progress.step(`Container ${name}`, "Error", "error", String((error as Error).message));
          throw error;
        }
        progress.step(`Container ${name}`, reached, "done");
      }),
    );
  }
}

const WORDS: Record<Wanted, [waiting: string, reached: string]> = {
  service_started: ["Waiting", "Started"],
  service_healthy: ["Waiting", "Healthy"],
  service_completed_successfully: ["Waiting", "Exited"],
  running_or_healthy: ["Waiting", "Healthy"],
};

/** `--wait`: until every container is healthy, or runs if it has no health check, or has ended with 0. */
export async function waitUntilReady(
  context: ProjectContext,
  watch: ContainerWatch,
  containers: readonly MadeContainer[],
  timeout: number | undefined,
): Promise<void> {
  const { progress } = context;
  const all = Promise.all(
    containers.map(async ({ id, name }) => {
      progress.step(`Container ${name}`, "Waiting", "working");
      try {
        await waitForCondition(watch, id, "running_or_healthy");
      } catch (error) {
        progress.step(`Container ${name}`, "Error", "error");
        throw error;
      }
      progress.step(`Container ${name}`, "Healthy", "done");
    }),
  );
  if (timeout === undefined || timeout === 0) {
    await all;
    return;
  }
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`timeout waiting for dependencies: not ready after ${timeout} s`)),
    timeout * 1000,
  );
  try {
    await Promise.race([all, promise]);
  } finally {
    clearTimeout(timer);
    all.catch(() => {});
  }
}

/** Jobs that others wait for, that have ended with 0 and have not changed: they are not run again. */
export function finishedJobs(
  project: Project,
  kept: ReadonlyMap<string, { exitedWell: boolean }[]>,
  targets: readonly string[],
): Set<string> {
  const awaited = new Set(
    Object.values(project.services).flatMap(({ depends_on: dependencies = {} }) =>
      Object.entries(dependencies)
        .filter(([, { condition }]) => condition === "service_completed_successfully")
        .map(([name]) => name),
    ),
  );
  return new Set(
    [...kept]
      .filter(([name, containers]) => {
        if (!awaited.has(name) || targets.includes(name) || containers.length === 0) return false;
        return containers.every(({ exitedWell }) => exitedWell);
      })
      .map(([name]) => name),
  );
}
