import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { errorMessage } from "../../spec/index.ts";
import type { ProcessExit } from "../../supervisor/index.ts";
import { timestamp } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import { StepTimes } from "../step-times.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { endedNetworkSettings } from "./container-view.ts";
import { launch } from "./launch.ts";
import { removeLocked } from "./remove.ts";
import { shouldRestart } from "./restart-policy.ts";
import { attemptToStore, forgetProcess, storeEndLater } from "./store-end.ts";
import { tearDown } from "./tear-down.ts";

/**
 * The end of a container's first process. The exit code is on the supervisor's disk already; it is
 * forgotten there only when the record holds it, so that no instant can lose it. Told twice, the second
 * time changes nothing.
 */
export async function handleContainerExit(
  context: EngineContext,
  container: Container,
  exit: ProcessExit,
): Promise<void> {
  await container.lock.run(async () => {
    if (!container.alive || container.record.state.pid !== exit.pid) return;
    await endRun(context, container, exit);
  });
  if (container.hasUnstoredEnd) storeEndLater(context, container);
  else await forgetProcess(context, exit.id);
}

/** What is true of every end, also of one that the daemon did not see; the lock is held. */
export async function endRun(
  context: EngineContext,
  container: Container,
  exit: Pick<ProcessExit, "exitCode" | "finishedAt">,
  options: { restart: boolean } = { restart: true },
): Promise<void> {
  const { record } = container;
  const steps = new StepTimes();
  container.health?.stop();
  container.health = undefined;
  // Their streams end by themselves, after the last byte.
  container.attachments.clear();
  noteOom(context, container);
  await tearDown(context, container);
  steps.done("tear-down");
  const ranFor = Date.parse(exit.finishedAt) - Date.parse(record.state.startedAt);
  const again =
    options.restart &&
    !context.shutdown.underWay &&
    !container.restartingByUser &&
    shouldRestart(record.hostConfig.RestartPolicy, {
      exitCode: exit.exitCode,
      ranFor,
      stoppedByUser: record.stoppedByUser,
      restartCount: record.restartCount,
    });
  record.state = {
    ...record.state,
    status: again ? "restarting" : "exited",
    pid: 0,
    exitCode: exit.exitCode,
    finishedAt: exit.finishedAt,
  };
  record.network = endedNetworkSettings(record.network);
  const temporary = record.hostConfig.AutoRemove && !again && !container.restartingByUser;
  if (!temporary) await attemptToStore(context, container, () => container.save());
  publishContainerEvent(context, container, "die", {
    exitCode: String(exit.exitCode),
    execDuration: String(Math.max(0, Math.floor(ranFor / 1000))),
  });
  container.notifyExit();
  steps.done("record");
  if (again) scheduleRestart(context, container, container.backoff.next(ranFor));
  else if (temporary) {
    await attemptToStore(context, container, () =>
      removeLocked(context, container, { volumes: true }),
    );
    steps.done("removal");
  }
  steps.tell(context.log, "end");
}

/** Brings the container back after the delay, unless a user decides otherwise meanwhile. */
export function scheduleRestart(context: EngineContext, container: Container, delay: number): void {
  const { record } = container;
  container.cancelRestart?.();
  container.cancelRestart = context.clock.after(delay, () => {
    container.cancelRestart = undefined;
    container.lock
      .run(async () => {
        if (record.state.status !== "restarting" || container.removed) return;
        record.restartCount++;
        await launch(context, container);
      })
      .catch((error) => giveUp(context, container, error));
  });
}

/** As Docker: a restart that cannot even start the program is not tried again. */
async function giveUp(context: EngineContext, container: Container, error: unknown): Promise<void> {
  context.log.warn("Cannot restart a container", {
    container: container.id,
    error: errorMessage(error),
  });
  const { state } = container.record;
  if (state.status !== "restarting") return;
  state.status = "exited";
  state.finishedAt = timestamp(context.clock.nanoseconds());
  await attemptToStore(context, container, () => container.save());
  container.notifyExit();
}

function noteOom(context: EngineContext, container: Container): void {
  const { record } = container;
  if (record.hostConfig.Memory <= 0) return;
  try {
    if (openCgroup(context.host.cgroup, record.cgroupPath).oomKills() > 0) {
      record.state.oomKilled = true;
    }
  } catch (error) {
    context.log.debug("Cannot read the OOM kills of a container", {
      container: container.id,
      error: errorMessage(error),
    });
  }
}
