import {
  type ContainerStopOptions,
  EngineError,
  errorKind,
  errorMessage,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { killAndWait, sendSignal } from "./kill.ts";
import { parseSignal } from "./signals.ts";
import { waitAtMost } from "./wait.ts";

const DEFAULT_SIGNAL = "SIGTERM";

/** Asks a container to end, waits, then ends it. Stopped already is `not-modified`. */
export async function stopContainer(
  context: EngineContext,
  ref: string,
  options: ContainerStopOptions,
): Promise<void> {
  const container = context.containers.get(ref);
  if (!container.running) throw new EngineError("not-modified", "container is already stopped");
  try {
    await stopRunning(context, container, options);
  } catch (error) {
    // A signal that is none is the client's mistake.
    const kind = errorKind(error) === "invalid-argument" ? "invalid-argument" : "internal";
    throw new EngineError(kind, `cannot stop container: ${ref}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** The same for a container that is known to run; ending meanwhile is no error. */
export async function stopRunning(
  context: EngineContext,
  container: Container,
  options: ContainerStopOptions,
): Promise<void> {
  const { StopSignal, StopTimeout } = container.record.config;
  const signal = parseSignal(options.signal || StopSignal || DEFAULT_SIGNAL);
  const seconds = options.timeout ?? StopTimeout ?? context.config.stopTimeout;
  if (!container.running) return;
  const exited = container.wait("next-exit");
  // Without this mark, a stop signal that is not the container's own would leave the policy in force.
  if (!context.shutdown.underWay) container.record.stoppedByUser = true;
  await sendSignal(context, container, signal);
  const inTime = await waitAtMost(context.clock, exited, seconds < 0 ? -1 : seconds * 1000);
  if (!inTime && container.alive) {
    context.log.info("A container did not end in time and is killed", {
      container: container.id,
      seconds,
    });
    await killAndWait(context, container);
  }
  publishContainerEvent(context, container, "stop");
}
