import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { conflict, EngineError, errorKind, errorMessage, internal } from "../../spec/index.ts";
import { timestamp } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { parseSignal, SIGKILL } from "./signals.ts";
import { waitAtMost } from "./wait.ts";

/** How long the kernel may take to end a process after SIGKILL, milliseconds. */
const KILL_PATIENCE = 10_000;

/** Sends a signal; SIGKILL (also for an empty text) returns when the container has ended. */
export async function killContainer(
  context: EngineContext,
  ref: string,
  signalText: string,
): Promise<void> {
  try {
    const signal = signalText === "" ? SIGKILL : parseSignal(signalText);
    const container = context.containers.get(ref);
    if (signal === SIGKILL) await killAndWait(context, container);
    else await sendSignal(context, container, signal);
  } catch (error) {
    throw new EngineError(
      errorKind(error),
      `cannot kill container: ${ref}: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}

/** SIGKILL, then the end of the container; `conflict` when it does not run. */
export async function killAndWait(context: EngineContext, container: Container): Promise<void> {
  if (!container.running) throw notRunning(container.id);
  const exited = container.wait("next-exit");
  await sendSignal(context, container, SIGKILL);
  if (!(await waitAtMost(context.clock, exited, KILL_PATIENCE))) {
    throw internal("tried to kill container, but did not receive an exit event");
  }
}

/**
 * Sends a signal to the container's first process and notes that a user has ended it, so that no policy
 * brings it back. A container that waits for its restart just stays down.
 */
export async function sendSignal(
  context: EngineContext,
  container: Container,
  signal: number,
): Promise<void> {
  const { record } = container;
  if (!container.running) throw notRunning(container.id);
  const ending = endsContainer(container, signal);
  if (ending && !context.shutdown.underWay && !record.stoppedByUser) {
    record.stoppedByUser = true;
    container.save();
  }
  if (record.state.status === "restarting") {
    if (!ending) return;
    if (container.cancelRestart !== undefined) return callOffRestart(context, container);
    // The policy is starting it right now: the new process gets the signal.
    await container.lock.run(() => {});
    if (container.running) await sendSignal(context, container, signal);
    return;
  }
  const { paused } = container;
  deliver(record.state.pid, signal);
  if (paused && ending) {
    // A frozen process takes its signal only when it runs again.
    await openCgroup(context.host.cgroup, record.cgroupPath).thaw();
    if (record.state.status === "paused") record.state.status = "running";
  }
  publishContainerEvent(context, container, "kill", { signal: String(signal) });
}

export function notRunning(id: string): EngineError {
  return conflict(`container ${id} is not running`);
}

/** With a stop signal of its own, other signals are messages to the program and not its end. */
function endsContainer(container: Container, signal: number): boolean {
  const { StopSignal } = container.record.config;
  if (signal === SIGKILL || StopSignal === undefined || StopSignal === "") return true;
  return parseSignal(StopSignal) === signal;
}

function callOffRestart(context: EngineContext, container: Container): void {
  container.cancelRestart?.();
  container.cancelRestart = undefined;
  const { state } = container.record;
  state.status = "exited";
  state.finishedAt = timestamp(context.clock.nanoseconds());
  container.save();
  container.notifyExit();
}

function deliver(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has just ended; its exit is on the way.
    if ((error as { code?: unknown }).code !== "ESRCH") throw error;
  }
}
