import type { CommandContext } from "../../command.ts";
import { runSession } from "../../terminal/attached-session.ts";
import { followSize } from "../../terminal/follow-size.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";
import { forwardSignals } from "../../terminal/signal-proxy.ts";
import { lazyTerminal } from "./run.ts";

export interface AttachOptions {
  stdin: boolean;
  detachKeys: string;
}

/** `start -a -i`: attached before it starts; ends with the container's exit code. */
export async function startAttached(
  context: CommandContext,
  name: string,
  { stdin, detachKeys }: AttachOptions,
): Promise<number> {
  const { containers } = await context.client();
  const { Id, Config, HostConfig } = await containers.inspect(name);
  requireTerminal({ stdin, tty: Config.Tty });
  const [stream, waiting] = await Promise.all([
    containers.attach(Id, {
      stream: true,
      stdin: stdin && Config.OpenStdin,
      stdout: true,
      stderr: true,
      ...(detachKeys === "" ? {} : { detachKeys }),
    }),
    containers.wait(Id, HostConfig.AutoRemove ? "removed" : "next-exit"),
  ]);
  const terminal = await lazyTerminal(context, Config.Tty);
  const session = runSession({
    stream,
    tty: Config.Tty,
    stdin: stdin && Config.OpenStdin,
    stdout: context.stdout,
    stderr: context.stderr,
    ...(detachKeys === "" ? {} : { detachKeys }),
    terminal,
  });
  session.catch(() => {});
  const stopSignals = Config.Tty
    ? () => {}
    : forwardSignals((signal) => containers.kill(Id, signal));
  try {
    await containers.start(Id);
  } catch (error) {
    stream.close();
    await session.catch(() => {});
    throw error;
  }
  const stopSize = Config.Tty
    ? followSize(terminal, (size) => containers.resize(Id, size))
    : () => {};
  try {
    if ((await session) === "detached") return 0;
    return (await waiting.result).StatusCode;
  } finally {
    stopSize();
    stopSignals();
  }
}
