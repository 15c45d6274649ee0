import { fstatSync } from "node:fs";
import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { isTerminal } from "../../terminal/is-terminal.ts";
import { fileInput, standardInput } from "../archive-input.ts";

const STDIN = 0;

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Load an image from a tar archive or STDIN",
  aliases: ["image load", "load"],
  args: noArguments,
  flags: {
    input: string("Read from tar archive file, instead of STDIN", { short: "i" }),
    platform: string(
      'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
    quiet: bool("Suppress the load output", { short: "q" }),
  },
  run: async ({ values, context }) => {
    if (values.input === "" && isEmptyInput()) {
      throw new CliError("requested load from stdin, but stdin is empty");
    }
    const body = values.input === "" ? standardInput() : fileInput(values.input);
    const { images } = await context.client();
    // Progress is drawn only where there is a terminal to draw it on.
    const quiet = values.quiet || !isTerminal(context.stdout.fd);
    const messages = await images.load(body, {
      quiet,
      ...(values.platform === "" ? {} : { platforms: [values.platform] }),
    });
    await showProgress(context, context.stdout, messages);
    return undefined;
  },
});

function isEmptyInput(): boolean {
  if (isTerminal(STDIN)) return true;
  const status = fstatSync(STDIN);
  return status.isFile() && status.size === 0;
}
