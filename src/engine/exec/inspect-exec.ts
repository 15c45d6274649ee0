import type { ConsoleSize, ExecInspect } from "../../spec/index.ts";
import { invalidArgument } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { findExec } from "./start-exec.ts";

export async function inspectExec(context: EngineContext, id: string): Promise<ExecInspect> {
  const { record } = findExec(context, id);
  const [entrypoint = "", ...args] = record.args;
  return {
    ID: record.id,
    Running: record.running,
    ExitCode: record.exitCode,
    ProcessConfig: {
      tty: record.tty,
      entrypoint,
      arguments: args,
      privileged: record.privileged,
      user: record.user,
    },
    OpenStdin: record.attachStdin,
    OpenStderr: record.attachStderr,
    OpenStdout: record.attachStdout,
    CanRemove: record.exitCode !== null,
    ContainerID: record.containerId,
    DetachKeys: record.detachKeys,
    Pid: record.pid,
  };
}

/** Sets the size of a running exec's terminal. */
export async function resizeExec(
  context: EngineContext,
  id: string,
  size: ConsoleSize,
): Promise<void> {
  const { record, started } = findExec(context, id);
  // A client asks for the size as soon as it has asked for the start.
  if (record.running) await started.promise;
  if (!record.running) throw invalidArgument("exec process is not started");
  await context.supervisor.resize(record.id, size.rows, size.columns);
}
