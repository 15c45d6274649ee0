import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { errorMessage } from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import type { EngineContext } from "../context.ts";
import { placesOf, writersTo } from "./volume-users.ts";

type Context = Pick<EngineContext, "store" | "containers" | "host" | "log">;

/** Kind of the journal's entries; the payload names the containers. */
export const PAUSE = "volume.pause";

export interface Pause {
  containers: string[];
}

export interface PausedWriters {
  /** Lets them go on. Idempotent. */
  resume(): Promise<void>;
}

/** Freezes every container that may be writing to a volume, and keeps those from starting that do not run. */
export async function pauseWriters(context: Context, name: string): Promise<PausedWriters> {
  return pauseContainers(context, writersTo(context, placesOf(context.store.volumes.get(name))));
}

/**
 * What it finds frozen stays so. The journal knows of it, so that the death of the daemon leaves nobody
 * frozen; other operations on these containers wait.
 */
export async function pauseContainers(
  context: Context,
  containers: readonly Container[],
): Promise<PausedWriters> {
  // One order everywhere: two that pause the same containers do not wait for each other for ever.
  const writers = containers.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (writers.length === 0) return { resume: async () => undefined };
  const entry = context.store.journal.begin<Pause>(PAUSE, {
    containers: writers.map(({ id }) => id),
  });
  const resumes: (() => Promise<void>)[] = [];
  let resumed: Promise<unknown> | undefined;
  const resume = async () => {
    resumed ??= Promise.all(resumes.map((one) => one())).then(() => entry.finish());
    await resumed;
  };
  try {
    for (const writer of writers) resumes.push(await freeze(context, writer));
  } catch (error) {
    await resume();
    throw error;
  }
  return { resume };
}

/** Resolves when the container is frozen, with what lets it go on. Its lock is held until then. */
async function freeze(context: Context, container: Container): Promise<() => Promise<void>> {
  const frozen = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const done = container.lock.run(async () => {
    if (!container.alive || container.paused) {
      frozen.resolve();
      await over.promise;
      return;
    }
    const cgroup = openCgroup(context.host.cgroup, container.record.cgroupPath);
    // A probe would hang, and count as failed.
    container.health?.stop();
    try {
      await cgroup.freeze();
      frozen.resolve();
      await over.promise;
    } catch (error) {
      frozen.reject(error);
    } finally {
      await thaw(context, container);
      container.health?.start();
    }
  });
  await frozen.promise;
  return async () => {
    over.resolve();
    await done;
  };
}

async function thaw(context: Context, container: Container): Promise<void> {
  try {
    await openCgroup(context.host.cgroup, container.record.cgroupPath).thaw();
  } catch (error) {
    // It has ended, and its cgroup with it; or nothing helps.
    context.log.warn("Cannot let a container go on", {
      container: container.id,
      error: errorMessage(error),
    });
  }
}

/** What an earlier daemon has frozen for a moment goes on; what a user has paused does not. */
export async function recoverPause(context: Context, { containers }: Pause): Promise<void> {
  for (const id of containers) {
    const container = context.containers.byId(id);
    if (container?.record.state.status === "running") await thaw(context, container);
  }
}
