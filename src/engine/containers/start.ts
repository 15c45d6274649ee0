import { conflict, EngineError } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { launch } from "./launch.ts";
import { removeLocked } from "./remove.ts";

/** Starts a container that does not run. Running already is `not-modified`. */
export async function startContainer(context: EngineContext, ref: string): Promise<void> {
  const container = context.containers.get(ref);
  checkStartable(container);
  await container.lock.run(() => {
    checkStartable(container);
    return startLocked(context, container);
  });
}

/** The start of a user, its lock held: the restart policy begins to count anew. */
export async function startLocked(context: EngineContext, container: Container): Promise<void> {
  container.backoff.reset();
  container.record.restartCount = 0;
  try {
    await launch(context, container);
  } catch (error) {
    await removeIfTemporary(context, container);
    throw error;
  }
}

async function removeIfTemporary(context: EngineContext, container: Container): Promise<void> {
  if (!container.record.hostConfig.AutoRemove) return;
  await removeLocked(context, container, { volumes: true });
}

/** Throws why the container cannot be started now. */
export function checkStartable(container: Container): void {
  if (container.paused) {
    throw conflict("cannot start a paused container, try unpause instead");
  }
  if (container.running) throw new EngineError("not-modified", "container is already running");
  if (container.removing || container.removed) {
    throw conflict("container is marked for removal and cannot be started");
  }
}
