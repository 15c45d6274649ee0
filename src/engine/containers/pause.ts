import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { conflict, EngineError, errorMessage } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { publishContainerEvent } from "./container-events.ts";
import { startHealthMonitor } from "./health/start-health-monitor.ts";
import { notRunning } from "./kill.ts";
import { restartingMessage } from "./namespaces.ts";

/** Freezes every process of a running container. */
export async function pauseContainer(context: EngineContext, ref: string): Promise<void> {
  const container = context.containers.get(ref);
  await container.lock.run(async () => {
    const { state, cgroupPath } = container.record;
    if (!container.running) throw notRunning(container.id);
    if (container.paused) throw conflict(`container ${container.id} is already paused`);
    if (state.status === "restarting") throw conflict(restartingMessage(container.id));
    try {
      await openCgroup(context.host.cgroup, cgroupPath).freeze();
    } catch (error) {
      throw new EngineError(
        "internal",
        `cannot pause container ${container.id}: ${errorMessage(error)}`,
        { cause: error },
      );
    }
    state.status = "paused";
    container.health?.stop();
    container.save();
    publishContainerEvent(context, container, "pause");
  });
}

/** Lets a paused container go on. */
export async function unpauseContainer(context: EngineContext, ref: string): Promise<void> {
  const container = context.containers.get(ref);
  await container.lock.run(async () => {
    if (!container.paused) {
      throw new EngineError("internal", `Container ${container.id} is not paused`);
    }
    await openCgroup(context.host.cgroup, container.record.cgroupPath).thaw();
    container.record.state.status = "running";
    startHealthMonitor(context, container);
    container.save();
    publishContainerEvent(context, container, "unpause");
  });
}
