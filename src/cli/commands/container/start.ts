import { CliError } from "../../cli-error.ts";
import { atLeast, type CommandContext, defineCommand } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { bool, string } from "../../flags/flag-kinds.ts";

const EXPERIMENTAL =
  '"--checkpoint" is only supported on a Docker daemon with experimental features enabled';

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Start one or more stopped containers",
  aliases: ["container start", "start"],
  args: atLeast(1),
  flags: {
    attach: bool("Attach STDOUT/STDERR and forward signals", { short: "a" }),
    checkpoint: string("Restore from this checkpoint"),
    "checkpoint-dir": string("Use a custom checkpoint storage directory"),
    "detach-keys": string("Override the key sequence for detaching a container"),
    interactive: bool("Attach container's STDIN", { short: "i" }),
  },
  run: async ({ values, args, context }) => {
    if (values.checkpoint !== "") throw new CliError(EXPERIMENTAL);
    const detachKeys = values["detach-keys"] || ((await context.config()).detachKeys ?? "");
    if (!values.attach && !values.interactive) return startAll(context, args);
    if (args.length > 1)
      throw new CliError("you cannot start and attach multiple containers at once");
    const { startAttached } = await import("./start-attached.ts");
    return startAttached(context, args[0] ?? "", { stdin: values.interactive, detachKeys });
  },
});

async function startAll(context: CommandContext, names: readonly string[]): Promise<undefined> {
  const { containers } = await context.client();
  const failed: string[] = [];
  for (const name of names) {
    try {
      await containers.start(name);
      context.stdout.line(name);
    } catch (error) {
      context.stderr.line(failureText(error));
      failed.push(name);
    }
  }
  if (failed.length > 0) {
    throw new CliError(`Error: failed to start containers: ${failed.join(", ")}`);
  }
  return undefined;
}
