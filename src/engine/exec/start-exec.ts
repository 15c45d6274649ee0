import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import {
  classifyStartFailure,
  createExecProcess,
  encodeRuntimeProcess,
} from "../../runtime/index.ts";
import {
  conflict,
  EngineError,
  type ExecId,
  type ExecStartRequest,
  errorMessage,
  internal,
  notFound,
} from "../../spec/index.ts";
import { processPaths, RuntimeStartError } from "../../supervisor/index.ts";
import { publishContainerEvent } from "../containers/container-events.ts";
import { parseDetachKeys } from "../containers/detach-keys.ts";
import { linkEnvironment } from "../containers/links.ts";
import { pumpAttached } from "../containers/pump-attached.ts";
import { bundleDirectory, runtimeOf } from "../containers/tear-down.ts";
import type { EngineContext } from "../context.ts";
import { checkReady, publishExecEvent } from "./create-exec.ts";
import type { Exec } from "./exec.ts";

const CANNOT_INVOKE = 126;

export function findExec(context: EngineContext, id: string): Exec {
  const exec = context.execs.get(id as ExecId) ?? findByPrefix(context, id);
  if (exec === undefined) throw notFound(`No such exec instance: ${id}`);
  return exec;
}

/** Starts an exec and leaves it to itself. */
export async function startExecDetached(
  context: EngineContext,
  id: string,
  request: ExecStartRequest,
): Promise<void> {
  const exec = claim(context, id);
  await runExec(context, exec, request.ConsoleSize ?? undefined);
}

/** An exec whose streams go to a client; its process starts within `run`. */
export async function startExecAttached(
  context: EngineContext,
  id: string,
  request: ExecStartRequest,
): Promise<{ tty: boolean; run(client: Duplex): Promise<void> }> {
  const exec = claim(context, id);
  const { record } = exec;
  return {
    tty: record.tty,
    async run(client) {
      const stream = await context.supervisor.attach(record.id, {
        stdin: record.attachStdin,
        stdout: record.attachStdout,
        stderr: record.attachStderr,
      });
      try {
        await runExec(context, exec, request.ConsoleSize ?? undefined);
      } catch (error) {
        stream.destroy();
        throw error;
      }
      const keys = record.tty ? parseDetachKeys(record.detachKeys) : undefined;
      const outcome = await pumpAttached(client, stream, { stdin: record.attachStdin, keys });
      if (outcome === "detached") {
        publishContainerEvent(context, exec.container, "exec_detach", { execID: record.id });
      }
      if (outcome === "ended") await exec.ended.promise;
    },
  };
}

/** Starts the process; resolves when it runs, `exec.ended` follows. */
export async function runExec(
  context: EngineContext,
  exec: Exec,
  consoleSize?: [rows: number, columns: number],
): Promise<void> {
  const { record, container } = exec;
  publishExecEvent(context, exec, "exec_start");
  const processFile = join(
    bundleDirectory(context.execRoot, container.id),
    `exec-${record.id}.json`,
  );
  const size = consoleSize ?? record.consoleSize;
  try {
    writeFileSync(processFile, encodeRuntimeProcess(processObject(context, exec, size)), {
      mode: 0o600,
    });
    const paths = processPaths(context.execRoot, record.id);
    const { pid } = await context.supervisor.start({
      id: record.id,
      argv: runtimeOf(context, container).execCommand({
        id: container.id,
        processFile,
        pidFile: paths.pidFile,
        ...(record.tty ? { consoleSocket: paths.consoleSocket } : {}),
        log: paths.runtimeLog,
      }),
      tty: record.tty,
      openStdin: record.attachStdin,
      stdinOnce: true,
      ...(size === undefined ? {} : { consoleSize: size }),
    });
    if (record.exitCode === null) record.pid = pid;
    // Its end may have come first: the record says so already then.
    if (record.running) context.execRecords.put(record.id, record);
  } catch (error) {
    throw failExec(context, exec, error);
  } finally {
    rmSync(processFile, { force: true });
    exec.started.resolve();
  }
}

/** Takes an exec for its only run. */
function claim(context: EngineContext, id: string): Exec {
  const exec = findExec(context, id);
  const { record } = exec;
  checkReady(exec.container, exec.container.id);
  if (record.exitCode !== null) throw conflict(`exec command ${record.id} has already run`);
  if (record.running) throw conflict(`exec command ${record.id} is already running`);
  record.running = true;
  return exec;
}

function processObject(
  context: EngineContext,
  exec: Exec,
  consoleSize: [rows: number, columns: number] | undefined,
) {
  const { record, container } = exec;
  const { config, hostConfig, state } = container.record;
  return createExecProcess({
    container: {
      config,
      hostConfig,
      host: context.host,
      defaultUlimits: context.config.defaultUlimits,
      linkEnv: linkEnvironment(context, container),
    },
    rootfs: `/proc/${state.pid}/root`,
    args: record.args,
    env: record.env,
    user: record.user,
    workingDir: record.workingDir,
    tty: record.tty,
    privileged: record.privileged,
    ...(consoleSize === undefined ? {} : { consoleSize }),
  });
}

function failExec(context: EngineContext, exec: Exec, error: unknown): Error {
  const { record } = exec;
  if (!(error instanceof RuntimeStartError)) {
    endExec(context, exec, CANNOT_INVOKE);
    return error instanceof Error ? error : internal(errorMessage(error), error);
  }
  const log = error.runtimeLog === "" ? error.stderr : error.runtimeLog;
  const { exitCode, kind, message } = classifyStartFailure(log, record.args[0] ?? "", "exec");
  endExec(context, exec, exitCode);
  return new EngineError(kind, message, { cause: error });
}

/** Notes the end of an exec's process. */
export function endExec(context: EngineContext, exec: Exec, exitCode: number): void {
  const { record } = exec;
  record.running = false;
  record.exitCode = exitCode;
  record.pid = 0;
  if (!exec.container.removed) context.execRecords.put(record.id, record);
  exec.ended.resolve(exitCode);
}

function findByPrefix(context: EngineContext, prefix: string): Exec | undefined {
  if (!/^[0-9a-f]{4,}$/.test(prefix)) return undefined;
  const matches = [...context.execs.values()].filter((exec) => exec.record.id.startsWith(prefix));
  return matches.length === 1 ? matches[0] : undefined;
}
