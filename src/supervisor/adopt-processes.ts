import { readdirSync, readFileSync } from "node:fs";
import { realtime } from "../linux/clock.ts";
import { openFifoReader, openFifoWriter } from "../linux/fifo.ts";
import { close } from "../linux/file.ts";
import { Ready } from "../linux/poller.ts";
import { exitCodeOf, openPidfd, processStartTime } from "../linux/process.ts";
import { formatTime } from "../logs/index.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { SpooledOutput } from "./process-output.ts";
import type { OpenStdio } from "./process-stdio.ts";
import { type StoredProcess, storedProcesses } from "./process-store.ts";
import { type SupervisorServer, UNKNOWN_EXIT_CODE } from "./supervisor-server.ts";

/**
 * Takes over what a supervisor that was killed has left: processes go on with their FIFOs opened anew, and
 * their exits are seen by pidfds. A tty is hung up by the death of its holder (its master was there
 * alone); what then becomes of the process is told all the same.
 */
export async function adoptProcesses(server: SupervisorServer, execRoot: string): Promise<void> {
  for (const id of storedProcesses(execRoot)) {
    try {
      await adoptProcess(server, id);
    } catch (error) {
      console.error(`Cannot adopt "${id}":`, error);
    }
  }
}

async function adoptProcess(server: SupervisorServer, id: string): Promise<void> {
  const store = server.storeOf(id);
  const stored = store.load();
  if (stored === undefined) {
    store.remove();
    return;
  }
  const running = stored.running ?? (await finishStart(server, id));
  if (running === undefined) {
    // The runtime has failed, or was never run: whoever asked for it asks again.
    store.remove();
    return;
  }
  const managed = server.newProcess(stored.request);
  managed.openLog(true);
  managed.resume(running, reopenStdio(store.path.bind(store), stored));
  server.hold(managed);
  for (const output of managed.outputs) {
    if (output instanceof SpooledOutput) output.recover();
  }
  if (stored.exit !== undefined) {
    managed.restoreExit(stored.exit);
    return;
  }
  for (const output of managed.outputs) output.start();
  if (stored.early?.pid === running.pid) server.processEnded(managed, stored.early.exitCode);
  else watchEnd(server, managed, running);
}

/** Waits for a runtime that was at work; the process that it has started, if it has. */
async function finishStart(
  server: SupervisorServer,
  id: string,
): Promise<StoredProcess["running"] | undefined> {
  const store = server.storeOf(id);
  const runtime = findRuntime(store.path("pid"));
  if (runtime !== undefined) await untilEnd(server, runtime);
  const pid = store.readPid();
  if (pid === undefined) return undefined;
  // One that has ended by now has run, too: it must not be started a second time.
  const startTime = processStartTime(pid) ?? ENDED;
  const running = { pid, startTime, startedAt: formatTime(realtime()) };
  store.saveRunning(running);
  return running;
}

/** No process started at that time. */
const ENDED = -1;

/** The runtime that is still at work for a process: it was given that pid-file. */
function findRuntime(pidFile: string): number | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => commandLineOf(pid).includes(pidFile));
}

function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function untilEnd(server: SupervisorServer, pid: number): Promise<void> {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    server.poller.add(pidfd, Ready.readable, () => {
      server.poller.remove(pidfd);
      close(pidfd);
      resolve();
    });
  });
}

function reopenStdio(path: (name: string) => string, { request }: StoredProcess): OpenStdio {
  if (request.tty) return {};
  const stdin = request.openStdin ? openFifoWriter(path("stdin")) : undefined;
  return {
    stdout: openFifoReader(path("stdout")),
    stderr: openFifoReader(path("stderr")),
    ...(stdin === undefined ? {} : { stdin }),
  };
}

/** Sees the end of a process that is not our child. */
export function watchEnd(
  server: SupervisorServer,
  managed: ManagedProcess,
  running: { pid: number; startTime: number },
): void {
  const pidfd = openPidfd(running.pid);
  const isOther = processStartTime(running.pid) !== running.startTime;
  if (pidfd === undefined || isOther) {
    if (pidfd !== undefined) close(pidfd);
    managed.isLost = true;
    return;
  }
  server.poller.add(pidfd, Ready.readable, () => {
    const exitCode = exitCodeOf(pidfd, running.pid);
    server.poller.remove(pidfd);
    close(pidfd);
    server.processEnded(managed, exitCode ?? UNKNOWN_EXIT_CODE);
  });
}
