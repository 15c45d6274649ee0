import { spawn } from "../linux/process.ts";
import { errorMessage } from "../spec/index.ts";
import type { ChildReaper } from "./child-reaper.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { closeStdio, openRuntimeStdio, type RuntimeStdio } from "./process-stdio.ts";
import { RuntimeStartError } from "./supervisor.ts";

const DEFAULT_ENV = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/**
 * Runs the runtime for a process and begins the process when it reports success. `onBegin` is called
 * while exits of children that nobody waits for are kept. After a failure nothing of the process is left.
 */
export async function startProcess(
  managed: ManagedProcess,
  reaper: ChildReaper,
  onBegin: () => void,
): Promise<void> {
  const { request, store } = managed;
  store.create(request);
  let stdio: RuntimeStdio | undefined;
  let pid: number | undefined;
  try {
    managed.openLog(false);
    await managed.logOpened();
    const opened = openRuntimeStdio(store, request);
    stdio = opened;
    await reaper.expect(async () => {
      await runRuntime(managed, opened, reaper);
      pid = store.readPid();
      if (pid === undefined) throw startError(managed, opened, 0);
      if (request.tty) opened.ours.master = opened.receiveMaster();
      managed.begin(pid, opened.ours);
      onBegin();
    });
  } catch (error) {
    if (pid !== undefined) killQuietly(pid);
    if (stdio !== undefined && managed.state === "starting") closeStdio(stdio.ours);
    managed.finish();
    store.remove();
    throw error;
  } finally {
    stdio?.settle();
  }
}

async function runRuntime(
  managed: ManagedProcess,
  stdio: RuntimeStdio,
  reaper: ChildReaper,
): Promise<void> {
  const { argv, env } = managed.request;
  let pid: number;
  try {
    pid = spawn({ argv, env: env ?? DEFAULT_ENV, files: stdio.files });
  } catch (error) {
    throw new RuntimeStartError(`Cannot run "${argv[0]}": ${errorMessage(error)}`, {
      exitStatus: -1,
      stderr: errorMessage(error),
      runtimeLog: "",
    });
  } finally {
    stdio.closeTheirs();
  }
  const exitStatus = await new Promise<number>((resolve) => reaper.wait(pid, resolve));
  if (exitStatus !== 0) throw startError(managed, stdio, exitStatus);
}

function startError(managed: ManagedProcess, stdio: RuntimeStdio, exitStatus: number): Error {
  const stderr = stdio.readStderr();
  const runtimeLog = managed.store.read("runtime.log") ?? "";
  const why = stderr.trim() || runtimeLog.trim() || `exit status ${exitStatus}`;
  return new RuntimeStartError(`Cannot start "${managed.id}": ${why}`, {
    exitStatus,
    stderr,
    runtimeLog,
  });
}

/** For a process that runs but cannot be had. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
