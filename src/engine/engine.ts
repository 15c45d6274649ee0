import {
  type BuildCacheRecord,
  type DiskUsageOptions,
  type EngineStopRequest,
  errorMessage,
} from "../spec/index.ts";
import type { ProcessExit } from "../supervisor/index.ts";
import {
  containerChanges,
  getContainerArchive,
  putContainerArchive,
  statContainerPath,
} from "./containers/archive.ts";
import { attachContainer } from "./containers/attach.ts";
import type { Container } from "./containers/container.ts";
import { publishContainerEvent } from "./containers/container-events.ts";
import { copyLocally } from "./containers/copy-locally.ts";
import { createContainer } from "./containers/create.ts";
import { handleContainerExit } from "./containers/exit.ts";
import { inspectContainer } from "./containers/inspect.ts";
import { killAndWait, killContainer } from "./containers/kill.ts";
import { listContainers } from "./containers/list.ts";
import { readContainerLogs } from "./containers/logs.ts";
import { pauseContainer, unpauseContainer } from "./containers/pause.ts";
import { pruneContainers } from "./containers/prune.ts";
import { reconcile } from "./containers/reconcile.ts";
import { removeContainer } from "./containers/remove.ts";
import { renameContainer } from "./containers/rename.ts";
import { resizeContainer } from "./containers/resize.ts";
import { restart, restartContainer } from "./containers/restart.ts";
import { startContainer } from "./containers/start.ts";
import { statsContainer } from "./containers/stats.ts";
import { stopContainer, stopRunning } from "./containers/stop.ts";
import { forgetProcess } from "./containers/store-end.ts";
import { topContainer } from "./containers/top.ts";
import { updateContainer } from "./containers/update.ts";
import { waitAtMost, waitContainer } from "./containers/wait.ts";
import type { EngineContext } from "./context.ts";
import { createExec } from "./exec/create-exec.ts";
import { handleExecExit } from "./exec/exec-exit.ts";
import { inspectExec, resizeExec } from "./exec/inspect-exec.ts";
import { startExecAttached, startExecDetached } from "./exec/start-exec.ts";
import { diskUsage } from "./system/disk-usage.ts";
import { listVolumeFiles, readVolumeFile, volumeSpace } from "./volumes/browse-volume.ts";
import {
  cloneVolume,
  importVolume,
  listVolumeSnapshots,
  removeVolumeSnapshot,
  restoreVolume,
  snapshotVolume,
} from "./volumes/copy-volume.ts";
import { exportVolume } from "./volumes/export-volume.ts";
import { PAUSE, type Pause, recoverPause } from "./volumes/pause-writers.ts";
import { RENAME, type Rename, recoverRename, renameVolume } from "./volumes/rename-volume.ts";
import { emptyTrash, listTrash, restoreTrashed } from "./volumes/trash-verbs.ts";
import {
  createVolume,
  inspectVolume,
  listVolumes,
  lockVolume,
  pruneVolumes,
  removeVolume,
} from "./volumes/volume-verbs.ts";

/** What routers call for containers; each method is a verb of its own file. */
export function containerVerbs(context: EngineContext) {
  return {
    list: bind(context, listContainers),
    inspect: bind(context, inspectContainer),
    create: bind(context, createContainer),
    start: (ref: string) => startContainer(context, ref),
    stop: bind(context, stopContainer),
    restart: bind(context, restartContainer),
    kill: bind(context, killContainer),
    pause: bind(context, pauseContainer),
    unpause: bind(context, unpauseContainer),
    rename: bind(context, renameContainer),
    remove: bind(context, removeContainer),
    prune: bind(context, pruneContainers),
    resize: bind(context, resizeContainer),
    wait: bind(context, waitContainer),
    attach: bind(context, attachContainer),
    logs: bind(context, readContainerLogs),
    stats: bind(context, statsContainer),
    top: bind(context, topContainer),
    update: bind(context, updateContainer),
    changes: bind(context, containerChanges),
    export: async (ref: string, signal: AbortSignal) => {
      const container = context.containers.get(ref);
      const tar = await context.images.exportContainer(container.id, signal);
      publishContainerEvent(context, container, "export");
      return tar;
    },
    statPath: bind(context, statContainerPath),
    getArchive: bind(context, getContainerArchive),
    copyLocally: bind(context, copyLocally),
    putArchive: bind(context, putContainerArchive),
  };
}

export function execVerbs(context: EngineContext) {
  return {
    create: bind(context, createExec),
    startDetached: bind(context, startExecDetached),
    startAttached: bind(context, startExecAttached),
    inspect: bind(context, inspectExec),
    resize: bind(context, resizeExec),
  };
}

export function volumeVerbs(context: EngineContext) {
  return {
    list: bind(context, listVolumes),
    inspect: bind(context, inspectVolume),
    create: bind(context, createVolume),
    remove: bind(context, removeVolume),
    prune: bind(context, pruneVolumes),
    lock: bind(context, lockVolume),
    rename: bind(context, renameVolume),
    clone: bind(context, cloneVolume),
    snapshot: bind(context, snapshotVolume),
    snapshots: bind(context, listVolumeSnapshots),
    removeSnapshot: bind(context, removeVolumeSnapshot),
    restore: bind(context, restoreVolume),
    export: bind(context, exportVolume),
    import: bind(context, importVolume),
    files: bind(context, listVolumeFiles),
    content: bind(context, readVolumeFile),
    usage: bind(context, volumeSpace),
    trash: bind(context, listTrash),
    restoreTrashed: bind(context, restoreTrashed),
    emptyTrash: bind(context, emptyTrash),
  };
}

export function systemVerbs(
  context: EngineContext,
  daemon: {
    apiVersion: string;
    buildCache(): Promise<BuildCacheRecord[]>;
    stop(request: EngineStopRequest): Promise<() => void>;
  },
) {
  return {
    ping: () => ({
      ApiVersion: daemon.apiVersion,
      OSType: "linux",
      Experimental: false,
      BuilderVersion: "" as const,
      SwarmStatus: "inactive",
    }),
    events: async (...args: Parameters<EngineContext["events"]["subscribe"]>) =>
      context.events.subscribe(...args),
    diskUsage: (options: DiskUsageOptions) => diskUsage(context, options, daemon.buildCache),
    stop: (request: EngineStopRequest) => daemon.stop(request),
  };
}

/** Takes in an exit that the supervisor tells of: of a container, of an exec, or of nobody's process. */
export async function handleExit(context: EngineContext, exit: ProcessExit): Promise<void> {
  const container = context.containers.byId(exit.id);
  if (container !== undefined) return await handleContainerExit(context, container, exit);
  const step = context.steps.get(exit.id);
  if (step !== undefined) return step(exit);
  const exec = context.execs.get(exit.id as Parameters<typeof context.execs.get>[0]);
  if (exec !== undefined) handleExecExit(context, exec, exit);
  await forgetProcess(context, exit.id);
}

/**
 * Brings host and records together; exits count from now on. Before the first request. `connect` joins the
 * supervisor and starts the networks, once the exits have a listener.
 */
export async function startEngine(
  context: EngineContext,
  connect: () => Promise<void>,
): Promise<void> {
  let ready = false;
  const early: ProcessExit[] = [];
  const take = (exit: ProcessExit) => {
    handleExit(context, exit).catch((error) => {
      context.log.error("Cannot take in the end of a process", {
        id: exit.id,
        error: errorMessage(error),
      });
    });
  };
  context.supervisor.onExit((exit) => {
    if (ready) take(exit);
    else early.push(exit);
  });
  await context.store.journal.recover({
    [PAUSE]: (pause: Pause) => recoverPause(context, pause),
    [RENAME]: (rename: Rename) => recoverRename(context, rename),
  });
  await connect();
  await reconcile(context);
  void context.trashKeeper.tend();
  ready = true;
  early.forEach(take);
}

/**
 * Stops every container, each within its own time and all within `limit` milliseconds; afterwards they are
 * killed. Their restart policies stay in force for the next start of the daemon.
 */
export async function stopAllContainers(context: EngineContext, limit: number): Promise<void> {
  context.shutdown.underWay = true;
  const stopOne = async (container: Container) => {
    container.cancelRestart?.();
    if (!container.alive) return;
    const stopped = stopRunning(context, container, {});
    stopped.catch(() => {});
    if (!(await waitAtMost(context.clock, stopped, limit))) await killAndWait(context, container);
  };
  const results = await Promise.allSettled([...context.containers.all()].map(stopOne));
  for (const result of results) {
    if (result.status === "fulfilled") continue;
    context.log.warn("Cannot stop a container", { error: errorMessage(result.reason) });
  }
}

/** Restarts a container that has become unhealthy, as its owner wished. */
export function restartUnhealthy(context: EngineContext, container: Container): void {
  context.log.warn("A container is unhealthy and is restarted", { container: container.id });
  restart(context, container, {}).catch((error) => {
    context.log.error("Cannot restart an unhealthy container", {
      container: container.id,
      error: errorMessage(error),
    });
  });
}

function bind<Args extends unknown[], Result>(
  context: EngineContext,
  verb: (context: EngineContext, ...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => verb(context, ...args);
}
