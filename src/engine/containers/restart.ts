import {
  type ContainerStopOptions,
  EngineError,
  errorKind,
  errorMessage,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { checkStartable, startLocked } from "./start.ts";
import { stopRunning } from "./stop.ts";

/** Stops the container if it runs, and starts it. */
export async function restartContainer(
  context: EngineContext,
  ref: string,
  options: ContainerStopOptions,
): Promise<void> {
  const container = context.containers.get(ref);
  try {
    await restart(context, container, options);
  } catch (error) {
    throw new EngineError(
      errorKind(error),
      `Cannot restart container ${ref}: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}

export async function restart(
  context: EngineContext,
  container: Container,
  options: ContainerStopOptions,
): Promise<void> {
  container.restartingByUser = true;
  try {
    if (container.running) await stopRunning(context, container, options);
  } finally {
    container.restartingByUser = false;
  }
  await container.lock.run(async () => {
    if (container.running) return;
    checkStartable(container);
    await startLocked(context, container);
  });
  publishContainerEvent(context, container, "restart");
}
