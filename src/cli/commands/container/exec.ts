import type { ExecCreateRequest } from "../../../spec/index.ts";
import { atLeast, type CommandContext, defineCommand } from "../../command.ts";
import { readVariables, validateVariable } from "../../container-config/environment.ts";
import { bool, list, string } from "../../flags/flag-kinds.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  description: "Execute a command in a running container",
  aliases: ["container exec", "exec"],
  args: atLeast(2),
  flags: {
    detach: bool("Detached mode: run command in the background", { short: "d" }),
    "detach-keys": string("Override the key sequence for detaching a container"),
    env: list("Set environment variables", {
      short: "e",
      validate: (text) => validateVariable(text),
    }),
    "env-file": list("Read in a file of environment variables"),
    interactive: bool("Keep STDIN open even if not attached", { short: "i" }),
    privileged: bool("Give extended privileges to the command"),
    tty: bool("Allocate a pseudo-TTY", { short: "t" }),
    user: string('Username or UID (format: "<name|uid>[:<group|gid>]")', { short: "u" }),
    workdir: string("Working directory inside the container", { short: "w" }),
  },
  flagsEndAtFirstArgument: true,
  run: async ({ values, args, context }) => {
    const [name = "", ...words] = args;
    const attaches = !values.detach;
    const detachKeys = values["detach-keys"] || ((await context.config()).detachKeys ?? "");
    const variables = await readVariables(values["env-file"], values.env, context.environment);
    const request: ExecCreateRequest = {
      User: values.user,
      Privileged: values.privileged,
      Tty: values.tty,
      AttachStdin: attaches && values.interactive,
      AttachStdout: attaches,
      AttachStderr: attaches,
      DetachKeys: detachKeys,
      Env: variables.length === 0 ? null : variables,
      WorkingDir: values.workdir,
      Cmd: words,
    };
    if (attaches) requireTerminal({ stdin: values.interactive, tty: values.tty });
    return values.detach
      ? execDetached(context, name, request)
      : execAttached(context, name, request);
  },
});

async function execDetached(
  context: CommandContext,
  name: string,
  request: ExecCreateRequest,
): Promise<undefined> {
  const { exec } = await context.client();
  const { Id } = await exec.create(name, request);
  await exec.startDetached(Id, { Tty: request.Tty === true });
  return undefined;
}

async function execAttached(
  context: CommandContext,
  name: string,
  request: ExecCreateRequest,
): Promise<number> {
  const { exec } = await context.client();
  const tty = request.Tty === true;
  const { runSession } = await import("../../terminal/attached-session.ts");
  const terminal = tty
    ? await context.terminal()
    : { size: () => undefined, makeRaw: () => () => {} };
  const size = terminal.size(context.stdout.fd);
  const console =
    size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] as [number, number] };
  const { Id } = await exec.create(name, { ...request, ...console });
  const stream = await exec.start(Id, { Tty: tty, ...console });
  const { followSize } = await import("../../terminal/follow-size.ts");
  const stopSize = tty ? followSize(terminal, (changed) => exec.resize(Id, changed)) : () => {};
  const detachKeys = request.DetachKeys ?? "";
  try {
    const end = await runSession({
      stream,
      tty,
      stdin: request.AttachStdin === true,
      stdout: context.stdout,
      stderr: context.stderr,
      ...(detachKeys === "" ? {} : { detachKeys }),
      terminal,
    });
    if (end === "detached") return 0;
  } finally {
    stopSize();
  }
  return (await exec.inspect(Id)).ExitCode ?? 0;
}
