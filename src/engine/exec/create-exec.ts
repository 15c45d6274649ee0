import {
  conflict,
  type ExecCreateRequest,
  type ExecId,
  invalidArgument,
  randomId,
} from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import { publishContainerEvent } from "../containers/container-events.ts";
import type { ExecRecord } from "../containers/container-record.ts";
import { parseDetachKeys } from "../containers/detach-keys.ts";
import { notRunning } from "../containers/kill.ts";
import { restartingMessage } from "../containers/namespaces.ts";
import type { EngineContext } from "../context.ts";
import { type Exec, newExec } from "./exec.ts";

/** Notes a command that is to run in a running container. */
export async function createExec(
  context: EngineContext,
  ref: string,
  request: ExecCreateRequest,
): Promise<{ Id: string }> {
  const container = context.containers.get(ref);
  checkReady(container, ref);
  if ((request.Cmd?.length ?? 0) === 0) throw invalidArgument("No exec command specified");
  parseDetachKeys(request.DetachKeys);
  const exec = addExec(context, container, request);
  // An exec that nobody has started yet must survive the daemon, like every id that a client was given.
  context.execRecords.put(exec.record.id, exec.record);
  return { Id: exec.record.id };
}

/** Registers an exec and tells of it; nothing is persisted yet. */
export function addExec(
  context: EngineContext,
  container: Container,
  request: ExecCreateRequest,
): Exec {
  const { config } = container.record;
  const [rows = 0, columns = 0] = request.ConsoleSize ?? [];
  const record: ExecRecord = {
    id: randomId<ExecId>(),
    containerId: container.id,
    args: request.Cmd ?? [],
    env: request.Env ?? [],
    user: request.User || config.User,
    workingDir: request.WorkingDir || config.WorkingDir,
    tty: request.Tty === true,
    privileged: request.Privileged === true,
    attachStdin: request.AttachStdin === true,
    attachStdout: request.AttachStdout === true,
    attachStderr: request.AttachStderr === true,
    detachKeys: request.DetachKeys ?? "",
    ...(rows > 0 && columns > 0 ? { consoleSize: [rows, columns] } : {}),
    running: false,
    exitCode: null,
    pid: 0,
  };
  const exec = newExec(record, container);
  context.execs.set(record.id, exec);
  container.execs.set(record.id, exec);
  publishExecEvent(context, exec, "exec_create");
  return exec;
}

/** `exec_create: ls -l` and `exec_start: ls -l`, as Docker names them. */
export function publishExecEvent(
  context: EngineContext,
  exec: Exec,
  action: "exec_create" | "exec_start",
): void {
  const [entrypoint = "", ...args] = exec.record.args;
  // A space follows the entrypoint, arguments or not: clients compare the whole text.
  publishContainerEvent(context, exec.container, `${action}: ${entrypoint} ${args.join(" ")}`, {
    execID: exec.record.id,
  });
}

/** Can a process be started in it? `ref` is how the caller named it. */
export function checkReady(container: Container, ref: string): void {
  if (container.paused) {
    throw conflict(`Container ${ref} is paused, unpause the container before exec`);
  }
  if (container.record.state.status === "restarting")
    throw conflict(restartingMessage(container.id));
  if (!container.alive) throw notRunning(container.id);
}
