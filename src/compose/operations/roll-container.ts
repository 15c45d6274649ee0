import type { ContainerCreateRequest, ContainerTakeOver } from "../../spec/index.ts";
import type { Service } from "../file/project.ts";
import { containerName } from "../model/names.ts";
import type { RecreateStep } from "../plan/plan-rolling.ts";
import type { ContainerWatch } from "../state/container-watch.ts";
import { SILENT } from "../view/progress.ts";
import { stopContainer } from "./end-containers.ts";
import {
  createContainer,
  type MadeContainer,
  type MakeOptions,
  requestOf,
} from "./make-containers.ts";
import type { ProjectContext } from "./project-context.ts";
import { runHook } from "./run-hook.ts";
import { DependencyFailed, waitForCondition } from "./wait-for-dependency.ts";

export interface RollContext extends ProjectContext {
  watch: ContainerWatch;
  making: MakeOptions;
  /** Does the engine hand ports and names over? */
  handsOver: boolean;
  containerOf(service: string): string | undefined;
  /** Called before a container starts, so that none of its output is missed. */
  beforeStart?: (container: MadeContainer) => Promise<void>;
}

/** A container that has taken the place of another one. */
export interface Rolled {
  step: RecreateStep;
  made: MadeContainer;
  /** Gives the place back to the old container, which runs still or again, and removes the new one. */
  undo(): Promise<void>;
}

/** How long a container without a health check has to run before it counts as up. */
const STAY_MS = 1_000;

/**
 * Starts a new container beside the old one and, when it is healthy, puts it into the old one's place:
 * published ports and names pass over from one moment on. The old one runs still when this resolves. When it
 * rejects, the old one is in its place and the new one is gone.
 */
export async function rollContainer(
  context: RollContext,
  service: Service,
  step: RecreateStep,
): Promise<Rolled> {
  const { client, progress, project } = context;
  const { container: old, number } = step;
  const named = containerName(project.name, old.service, service, number);
  const subject = `Container ${named}`;
  progress.step(subject, "Rolling", "working", step.reason);
  const replaces = await client.containers.inspect(old.id);
  const found = { number, containerOf: context.containerOf, replaces };
  const whole = requestOf(context, old.service, service, found, context.making);
  const { request, place } = withoutPlace(whole, context.handsOver);
  const temporary = `${old.id.slice(0, 12)}_${named}`;
  const id = await createContainer(context, temporary, request, service, context.making.lookup);
  const made: MadeContainer = { id, name: named, service: old.service, number, fresh: true };
  const undo = async (): Promise<void> => {
    if (context.handsOver) await giveBack(context, id, old.id, replaces);
    await client.containers.rename(id, temporary).catch(() => {});
    await client.containers.rename(old.id, named).catch(() => {});
    await client.containers.remove(id, { force: true });
  };
  try {
    await startBeside(context, service, made);
    if (context.handsOver)
      await client.containers.update(id, { TakeOver: { From: old.id, ...place } });
  } catch (error) {
    await client.containers.remove(id, { force: true }).catch(() => {});
    progress.step(subject, "Kept", "error", `the new one failed: ${messageOf(error)}`);
    throw error;
  }
  try {
    await client.containers.rename(old.id, `${old.id.slice(0, 12)}_old_${named}`);
    await client.containers.rename(id, named);
    await monitor(context, service, id);
  } catch (error) {
    await undo();
    progress.step(subject, "Rolled back", "error", messageOf(error));
    throw error;
  }
  return { step, made, undo };
}

/** The old one goes: with its hooks, and the time that it has for its clients. */
export async function stopReplaced(context: RollContext, { step, made }: Rolled): Promise<void> {
  const { progress } = context;
  await stopContainer({ ...context, progress: SILENT }, step.container, context.making.stopTimeout);
  progress.step(`Container ${made.name}`, "Rolled", "done");
}

async function startBeside(
  context: RollContext,
  service: Service,
  container: MadeContainer,
): Promise<void> {
  const { client, watch, progress } = context;
  await context.beforeStart?.(container);
  await context.parallel(() => client.containers.start(container.id));
  for (const hook of service.post_start ?? []) {
    await runHook(context, container.id, container.name, hook);
  }
  progress.step(`Container ${container.name}`, "Waiting", "working");
  await waitForCondition(watch, container.id, "running_or_healthy");
  const { State } = await client.containers.inspect(container.id);
  if (State.Health === undefined) await staysUp(watch, container.id, STAY_MS);
}

/** `deploy.update_config.monitor`: how long a new container must not fail after it has taken over. */
async function monitor({ watch }: RollContext, service: Service, id: string): Promise<void> {
  const { monitor: text } = service.deploy?.update_config ?? {};
  if (text === undefined) return;
  const { composeDuration } = await import("../file/compose-duration.ts");
  await staysUp(watch, id, Number(composeDuration(text) / 1_000_000n));
}

/** Rejects as soon as the container ends, is started again or becomes unhealthy within this time. */
async function staysUp(watch: ContainerWatch, id: string, milliseconds: number): Promise<void> {
  const timer = Promise.withResolvers<"passed">();
  const timeout = setTimeout(() => timer.resolve("passed"), milliseconds);
  let over = false;
  const failed = watch.until(id, ({ Name, State, RestartCount }): "passed" | undefined => {
    if (over) return "passed";
    const name = Name.slice(1);
    if (!State.Running || State.Restarting || RestartCount > 0) {
      throw new DependencyFailed(`container ${name} exited (${State.ExitCode})`);
    }
    if (State.Health?.Status === "unhealthy") {
      throw new DependencyFailed(`container ${name} is unhealthy`);
    }
    return undefined;
  });
  failed.catch(() => {});
  try {
    await Promise.race([timer.promise, failed]);
  } finally {
    over = true;
    clearTimeout(timeout);
  }
}

/** A request for a container that has no ports and no names yet, and what it is to have later. */
function withoutPlace(
  request: ContainerCreateRequest,
  handsOver: boolean,
): { request: ContainerCreateRequest; place: Omit<ContainerTakeOver, "From"> } {
  if (!handsOver) return { request, place: {} };
  const endpoints = Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {});
  const aliases = endpoints.flatMap(([network, endpoint]) =>
    endpoint?.Aliases ? [[network, endpoint.Aliases] as const] : [],
  );
  return {
    request: {
      ...request,
      HostConfig: { ...request.HostConfig, PortBindings: {} },
      NetworkingConfig: {
        ...request.NetworkingConfig,
        EndpointsConfig: Object.fromEntries(
          endpoints.map(([network, endpoint]) => [network, { ...endpoint, Aliases: [] }]),
        ),
      },
    },
    place: {
      PortBindings: request.HostConfig?.PortBindings ?? {},
      Aliases: Object.fromEntries(aliases),
    },
  };
}

/** The old container has again what it had before. */
async function giveBack(
  { client }: RollContext,
  from: string,
  to: string,
  before: Awaited<ReturnType<ProjectContext["client"]["containers"]["inspect"]>>,
): Promise<void> {
  const aliases = Object.entries(before.NetworkSettings.Networks).flatMap(([network, endpoint]) =>
    endpoint.Aliases ? [[network, endpoint.Aliases] as const] : [],
  );
  await client.containers.update(to, {
    TakeOver: {
      From: from,
      PortBindings: before.HostConfig.PortBindings ?? {},
      Aliases: Object.fromEntries(aliases),
    },
  });
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
