import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, exactly } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { runSession } from "../../terminal/attached-session.ts";
import { followSize } from "../../terminal/follow-size.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";
import { forwardSignals } from "../../terminal/signal-proxy.ts";
import { lazyTerminal } from "./run.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER",
  description: "Attach local standard input, output, and error streams to a running container",
  aliases: ["container attach", "attach"],
  args: exactly(1),
  flags: {
    "detach-keys": string("Override the key sequence for detaching a container"),
    "no-stdin": bool("Do not attach STDIN"),
    "sig-proxy": bool("Proxy all received signals to the process", { initial: true }),
  },
  run: async ({ values, args, context }) => {
    const detachKeys = values["detach-keys"] || ((await context.config()).detachKeys ?? "");
    return attach(context, args[0] ?? "", {
      stdin: !values["no-stdin"],
      signals: values["sig-proxy"],
      detachKeys,
    });
  },
});

async function attach(
  context: CommandContext,
  name: string,
  options: { stdin: boolean; signals: boolean; detachKeys: string },
): Promise<number> {
  const { containers } = await context.client();
  const { Id, State, Config } = await containers.inspect(name);
  checkState(State);
  const stdin = options.stdin && Config.OpenStdin;
  requireTerminal({ stdin, tty: Config.Tty });
  const detachKeys = options.detachKeys === "" ? {} : { detachKeys: options.detachKeys };
  const [stream, waiting] = await Promise.all([
    containers.attach(Id, { stream: true, stdin, stdout: true, stderr: true, ...detachKeys }),
    containers.wait(Id, "not-running"),
  ]);
  const terminal = await lazyTerminal(context, Config.Tty);
  const stopSignals =
    options.signals && !Config.Tty
      ? forwardSignals((signal) => containers.kill(Id, signal))
      : () => {};
  const stopSize = Config.Tty
    ? followSize(terminal, (size) => containers.resize(Id, size))
    : () => {};
  try {
    const end = await runSession({
      stream,
      tty: Config.Tty,
      stdin,
      stdout: context.stdout,
      stderr: context.stderr,
      ...detachKeys,
      terminal,
    });
    if (end === "detached") throw new CliError("read escape sequence");
    return (await waiting.result).StatusCode;
  } finally {
    stopSize();
    stopSignals();
  }
}

function checkState(state: { Running: boolean; Paused: boolean; Restarting: boolean }): void {
  if (!state.Running)
    throw new CliError("You cannot attach to a stopped container, start it first");
  if (state.Paused) throw new CliError("You cannot attach to a paused container, unpause it first");
  if (state.Restarting) {
    throw new CliError("You cannot attach to a restarting container, wait until it is running");
  }
}
