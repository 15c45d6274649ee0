import { errorMessage } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { removeLocked } from "./remove.ts";
import { tearDown } from "./tear-down.ts";

/** Who waits for the end is told of it, whether it can be stored or not. */
export async function attemptToStore(
  context: EngineContext,
  container: Container,
  store: () => void | Promise<void>,
): Promise<void> {
  try {
    await store();
  } catch (error) {
    container.hasUnstoredEnd = true;
    const why = errorMessage(error);
    context.log.error("Cannot store the end of a container; it is tried again", {
      container: container.id,
      error: why,
    });
    if (container.removing) {
      container.notifyRemovalFailed(`Cannot remove container "${container.name}" yet: ${why}`);
    }
  }
}

/** Milliseconds. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;

/** Tried until the disk has space again; a daemon that ends meanwhile is told of the exit at its next start. */
export function storeEndLater(
  context: EngineContext,
  container: Container,
  delay = FIRST_RETRY,
): void {
  context.clock.after(delay, () => {
    storeEnd(context, container).catch(() =>
      storeEndLater(context, container, Math.min(delay * 2, LAST_RETRY)),
    );
  });
}

async function storeEnd(context: EngineContext, container: Container): Promise<void> {
  await container.lock.run(async () => {
    if (!container.hasUnstoredEnd || container.removed) return;
    await tearDown(context, container);
    if (container.removing) await removeLocked(context, container, { volumes: true });
    else container.save();
    container.hasUnstoredEnd = false;
    await forgetProcess(context, container.id);
  });
}

/** Before another run: the supervisor holds one process of a name. Fails where the end cannot be stored. */
export async function settleEnd(context: EngineContext, container: Container): Promise<void> {
  if (!container.hasUnstoredEnd) return;
  container.save();
  await forgetProcess(context, container.id);
}

export async function forgetProcess(context: EngineContext, id: string): Promise<void> {
  try {
    await context.supervisor.forget(id);
  } catch (error) {
    context.log.warn("Cannot forget a process that has ended", { id, error: errorMessage(error) });
  }
}
