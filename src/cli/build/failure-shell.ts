import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags/parse-flags.ts";
import { isTerminal } from "../terminal/is-terminal.ts";

const STDIN = 0;

/** A shell in the tree of the step that failed, with its environment; gone when it ends. */
export async function failureShell(context: CommandContext, image: string): Promise<void> {
  const { command } = await import("../commands/container/run.ts");
  context.stderr.line(
    `\nA shell in the tree as the failed step left it (${image}); "exit" ends it.`,
  );
  const terminal = isTerminal(STDIN) && isTerminal(context.stdout.fd) ? ["--tty"] : [];
  const words = ["--interactive", ...terminal, "--rm", "--entrypoint", "/bin/sh", image];
  const parsed = parseFlags(command.flags, words, { interspersed: false });
  await command.run({ ...parsed, context });
}
