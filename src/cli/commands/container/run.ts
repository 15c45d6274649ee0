import type { HijackedStream } from "../../../client/index.ts";
import type { ContainerCreateRequest } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { atLeast, type CommandContext, defineCommand } from "../../command.ts";
import { containerFlags } from "../../container-config/container-flags.ts";
import { type ContainerFlagValues, createRequest } from "../../container-config/create-request.ts";
import { failureText } from "../../describe-failure.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";
import { createContainer } from "./create-container.ts";
import { checkPullPolicy, containerFailure, startExitCode } from "./run-failure.ts";

const flags = {
  ...containerFlags,
  pull: string('Pull image before running ("always", "missing", "never")', { initial: "missing" }),
  detach: bool("Run container in background and print container ID", { short: "d" }),
  "detach-keys": string("Override the key sequence for detaching a container"),
  healthy: bool("With --detach: return once the container is healthy"),
  "sig-proxy": bool("Proxy received signals to the process", { initial: true }),
};

interface RunRequest {
  readonly context: CommandContext;
  readonly request: ContainerCreateRequest;
  readonly values: ContainerFlagValues & {
    readonly "sig-proxy": boolean;
    readonly healthy: boolean;
  };
  readonly detachKeys: string;
}

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description: "Create and run a new container from an image",
  aliases: ["container run", "run"],
  args: atLeast(1),
  flags,
  flagsEndAtFirstArgument: true,
  run: async ({ values, changed, args, context }) => {
    let run: RunRequest;
    try {
      checkPullPolicy(values.pull);
      const { environment } = context;
      const request = await createRequest({ values, changed, args, environment });
      applySession(request, values);
      if (values.healthy && !values.detach) {
        throw new CliError("conflicting options: --healthy is of --detach");
      }
      const detachKeys = values["detach-keys"] || ((await context.config()).detachKeys ?? "");
      run = { context, request, values, detachKeys };
    } catch (error) {
      throw containerFailure(error, "run");
    }
    return runContainer(run);
  },
});

/** What `--detach` takes away, and the size of the terminal that the process starts with. */
function applySession(
  request: ContainerCreateRequest,
  values: ContainerFlagValues & { readonly detach: boolean },
): void {
  if (!values.detach) {
    requireTerminal({ stdin: request.AttachStdin === true, tty: values.tty });
    return;
  }
  if (values.attach.length > 0) {
    throw new CliError("conflicting options: cannot specify both --attach and --detach");
  }
  request.AttachStdin = false;
  request.AttachStdout = false;
  request.AttachStderr = false;
  request.StdinOnce = false;
}

async function runContainer(run: RunRequest): Promise<number> {
  const { context, request, values } = run;
  if (request.Tty === true && request.HostConfig !== undefined) {
    const size = (await context.terminal()).size(context.stdout.fd);
    if (size !== undefined) request.HostConfig.ConsoleSize = [size.rows, size.columns];
  }
  const attaches = [request.AttachStdin, request.AttachStdout, request.AttachStderr].includes(true);
  // Loaded while the daemon creates the container: each would be waited for later.
  if (attaches) {
    void import("../../terminal/attached-session.ts");
    void import("../../terminal/signal-proxy.ts");
  }
  let id: string;
  try {
    id = (await createContainer(context, values, request)).Id;
  } catch (error) {
    throw containerFailure(error, "run", startExitCode(failureText(error)));
  }
  const showsId = request.AttachStdout !== true && request.AttachStderr !== true;
  return attaches ? runAttached(run, id, showsId) : runDetached(run, id);
}

async function runDetached({ context, values }: RunRequest, id: string): Promise<number> {
  const { containers } = await context.client();
  const health = values.healthy
    ? await (await import("./await-health.ts")).watchHealth(context, id)
    : undefined;
  try {
    await containers.start(id);
  } catch (error) {
    health?.stop();
    throw containerFailure(error, "run", startExitCode(failureText(error)));
  }
  context.stdout.line(id);
  await health?.healthy();
  return 0;
}

async function runAttached(run: RunRequest, id: string, showsId: boolean): Promise<number> {
  const { context, request, values, detachKeys } = run;
  const { containers } = await context.client();
  const removed = values.rm;
  // Both before the start: no byte and no end may be missed.
  const [stream, waiting] = await openBoth(run, id, removed);
  const exit = exitCode(waiting.result);
  const stopSignals = values["sig-proxy"] ? await proxySignals(context, id) : () => {};
  const { runSession } = await import("../../terminal/attached-session.ts");
  const terminal = await lazyTerminal(context, request.Tty === true);
  const session = runSession({
    stream,
    tty: request.Tty === true,
    stdin: request.AttachStdin === true,
    ...(request.AttachStdout === true ? { stdout: context.stdout } : {}),
    ...(request.AttachStderr === true ? { stderr: context.stderr } : {}),
    ...(detachKeys === "" ? {} : { detachKeys }),
    terminal,
  });
  session.catch(() => {});
  try {
    await containers.start(id);
  } catch (error) {
    stream.close();
    await session.catch(() => {});
    if (removed) await exit.catch(() => {});
    throw containerFailure(error, "run", startExitCode(failureText(error)));
  }
  const stopSize = request.Tty === true ? await followTerminal(context, id) : () => {};
  try {
    if (showsId) context.stdout.line(id);
    if ((await session) === "detached") return 0;
    return await exit;
  } finally {
    stopSize();
    stopSignals();
  }
}

function openBoth(
  { context, request, detachKeys }: RunRequest,
  id: string,
  removed: boolean,
): Promise<[HijackedStream, { result: Promise<{ StatusCode: number }> }]> {
  return context.client().then(({ containers }) =>
    Promise.all([
      containers.attach(id, {
        stream: true,
        stdin: request.AttachStdin === true,
        stdout: request.AttachStdout === true,
        stderr: request.AttachStderr === true,
        ...(detachKeys === "" ? {} : { detachKeys }),
      }),
      containers.wait(id, removed ? "removed" : "next-exit"),
    ]),
  );
}

async function exitCode(
  result: Promise<{ StatusCode: number; Error?: { Message: string } | null }>,
): Promise<number> {
  const { StatusCode, Error: failure } = await result;
  if (failure !== undefined && failure !== null && failure.Message !== "") {
    throw new CliError(`Error waiting for container: ${failure.Message}`, 125);
  }
  return StatusCode;
}

async function proxySignals(context: CommandContext, id: string): Promise<() => void> {
  const { forwardSignals } = await import("../../terminal/signal-proxy.ts");
  const { containers } = await context.client();
  return forwardSignals((signal) => containers.kill(id, signal));
}

async function followTerminal(context: CommandContext, id: string): Promise<() => void> {
  const { followSize } = await import("../../terminal/follow-size.ts");
  const { containers } = await context.client();
  return followSize(await context.terminal(), (size) => containers.resize(id, size));
}

/** Without a terminal in play, what controls one is not loaded. */
export async function lazyTerminal(context: CommandContext, tty: boolean) {
  if (tty) return context.terminal();
  return { size: () => undefined, makeRaw: () => () => {} };
}
