import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { errorMessage } from "../../spec/index.ts";
import type { ProcessRecord } from "../../supervisor/index.ts";
import { timestamp } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import { newExec } from "../exec/exec.ts";
import { handleExecExit } from "../exec/exec-exit.ts";
import { unmountForgotten } from "../volumes/plugins/plugin-verbs.ts";
import { alignNetworks } from "./align-networks.ts";
import type { Container } from "./container.ts";
import { unmake } from "./create.ts";
import { endRun, handleContainerExit } from "./exit.ts";
import { startHealthMonitor } from "./health/start-health-monitor.ts";
import { markRunning, watchOom } from "./launch.ts";
import { finishRemoval } from "./remove.ts";
import { shouldStartAtBoot } from "./restart-policy.ts";
import { startInOrder } from "./start-in-order.ts";
import { forgetProcess } from "./store-end.ts";
import { bundleDirectory, tearDown } from "./tear-down.ts";

/** What Docker answers for a container whose end nobody saw. */
const LOST_EXIT_CODE = 255;

/**
 * Makes records and host agree after the daemon was away: adopts what runs, takes in the exits that the
 * supervisor has kept, finishes or undoes what was cut short, sweeps what belongs to nobody, and starts
 * what the restart policies want back. Before the first request is served.
 */
export async function reconcile(context: EngineContext): Promise<void> {
  const processes = new Map<string, ProcessRecord>();
  for (const process of await settledProcesses(context)) processes.set(process.id, process);
  loadExecs(context);
  const wanted: Container[] = [];
  for (const container of [...context.containers.all()]) {
    const found = processes.get(container.id);
    processes.delete(container.id);
    try {
      if (await reconcileOne(context, container, found)) wanted.push(container);
    } catch (error) {
      context.log.error("Cannot bring a container up to date", {
        container: container.id,
        error: errorMessage(error),
      });
    }
  }
  await reconcileExecs(context, processes);
  await sweep(context, processes);
  startInOrder(context, wanted);
}

/** Adopts one container; true when its policy wants it started. */
async function reconcileOne(
  context: EngineContext,
  container: Container,
  found: ProcessRecord | undefined,
): Promise<boolean> {
  const { record } = container;
  if (record.pending === "creating") {
    unmake(context, record);
    context.containers.delete(container);
    return false;
  }
  const removalBegan =
    record.pending !== undefined ||
    record.state.status === "removing" ||
    !context.store.snapshots.hasContainer(container.id);
  if (found?.state === "running" && !removalBegan) {
    adopt(context, container, found);
    return false;
  }
  if (removalBegan && found?.state !== "running") {
    await finishRemoval(context, container);
    if (found !== undefined) await forgetProcess(context, container.id);
    return false;
  }
  if (found?.exit !== undefined) {
    if (!container.alive && isNews(container, found)) {
      markRunning(context, container, found.exit.pid, found.startedAt);
    }
    const knewNothing = container.alive;
    await handleContainerExit(context, container, found.exit);
    if (knewNothing) return false;
  }
  if (container.alive) await takeAsLost(context, container);
  if (container.removed) return false;
  if (record.hostConfig.AutoRemove && record.bootId !== "") {
    await finishRemoval(context, container);
    return false;
  }
  return record.state.status === "restarting" || wantsStart(container);
}

/** A run that ended without the record ever having heard of its start. */
function isNews(container: Container, found: ProcessRecord): boolean {
  const { finishedAt } = container.record.state;
  return Date.parse(found.startedAt) > Date.parse(finishedAt);
}

function adopt(context: EngineContext, container: Container, found: ProcessRecord): void {
  const { record } = container;
  if (!container.alive || record.state.pid !== found.pid) {
    // The daemon died between the start of the process and the note of it.
    record.network = context.networks.settings(container.id) ?? record.network;
    markRunning(context, container, found.pid, found.startedAt);
    return;
  }
  if (isFrozen(context, container)) record.state.status = "paused";
  else {
    record.state.status = "running";
    startHealthMonitor(context, container);
  }
  watchOom(context, container);
}

function isFrozen(context: EngineContext, container: Container): boolean {
  try {
    return openCgroup(context.host.cgroup, container.record.cgroupPath).frozen();
  } catch {
    return container.paused;
  }
}

/** Its processes went with a reboot, or with the supervisor's state. */
async function takeAsLost(context: EngineContext, container: Container): Promise<void> {
  // The policies of a start of the daemon decide what follows, not those of an exit.
  await container.lock.run(() =>
    endRun(
      context,
      container,
      { exitCode: LOST_EXIT_CODE, finishedAt: timestamp(context.clock.nanoseconds()) },
      { restart: false },
    ),
  );
}

function wantsStart(container: Container): boolean {
  const { record } = container;
  return shouldStartAtBoot(record.hostConfig.RestartPolicy, {
    exitCode: record.state.exitCode,
    stoppedByUser: record.stoppedByUser,
    everStarted: record.bootId !== "",
    restartCount: record.restartCount,
  });
}

/** Waits until no start that an earlier daemon asked for is still under way. */
async function settledProcesses(context: EngineContext): Promise<ProcessRecord[]> {
  for (let attempt = 0; ; attempt++) {
    const processes = await context.supervisor.processes();
    if (attempt > 100 || processes.every((process) => process.state !== "starting")) {
      return processes;
    }
    await new Promise<void>((resolve) => context.clock.after(20, resolve));
  }
}

function loadExecs(context: EngineContext): void {
  for (const record of context.execRecords.all()) {
    const container = context.containers.byId(record.containerId);
    if (container === undefined) {
      context.execRecords.delete(record.id);
      continue;
    }
    const exec = newExec(record, container);
    exec.started.resolve();
    context.execs.set(record.id, exec);
    container.execs.set(record.id, exec);
  }
}

async function reconcileExecs(
  context: EngineContext,
  processes: Map<string, ProcessRecord>,
): Promise<void> {
  for (const exec of context.execs.values()) {
    const { record } = exec;
    const found = processes.get(record.id);
    processes.delete(record.id);
    if (found?.state === "running") {
      record.running = true;
      record.pid = found.pid;
    } else if (found?.exit !== undefined) {
      handleExecExit(context, exec, found.exit);
      await forgetProcess(context, record.id);
    } else if (record.running) {
      const finishedAt = timestamp(context.clock.nanoseconds());
      const exit = { id: record.id, exitCode: LOST_EXIT_CODE, finishedAt, pid: record.pid };
      handleExecExit(context, exec, exit);
    }
  }
}

/** Takes away what no container owns: processes, mounts, volumes' holds, bundles, directories. */
async function sweep(
  context: EngineContext,
  orphans: ReadonlyMap<string, ProcessRecord>,
): Promise<void> {
  const { store } = context;
  for (const [id, { state, pid }] of orphans) {
    if (state === "exited") await forgetProcess(context, id);
    else if (pid > 0) process.kill(pid, "SIGKILL");
  }
  const alive = [...context.containers.all()].filter((container) => container.alive);
  const running = new Set<string>(alive.map((container) => container.id));
  for (const container of context.containers.all()) {
    const leftBundle = existsSync(bundleDirectory(context.execRoot, container.id));
    if (!running.has(container.id) && leftBundle) await tearDown(context, container);
  }
  store.snapshots.unmountAllExcept(running);
  for (const container of alive) holdVolumes(context, container);
  store.volumes.releaseAllExcept(running);
  unmountForgotten(context, running);
  for (const id of store.snapshots.containers()) {
    if (context.containers.byId(id) === undefined) store.snapshots.removeContainer(id);
  }
  await sweepBundles(context, running);
  await context.networks.restore(
    alive.map((container) => ({ id: container.id, pid: container.record.state.pid })),
  );
  for (const container of alive) await alignNetworks(context, container);
}

/** Volumes stay mounted for those who use them since before this daemon. */
function holdVolumes({ store }: EngineContext, container: Container): void {
  for (const { type, name } of container.record.mounts) {
    if (type === "volume" && name !== undefined) store.volumes.adopt(name, container.id);
  }
}

async function sweepBundles(context: EngineContext, running: ReadonlySet<string>): Promise<void> {
  const bundles = join(context.execRoot, "bundles");
  if (!existsSync(bundles)) return;
  for (const id of readdirSync(bundles)) {
    if (running.has(id)) continue;
    await context.runtime.deleteState(id);
    rmSync(join(bundles, id), { recursive: true, force: true });
  }
}
