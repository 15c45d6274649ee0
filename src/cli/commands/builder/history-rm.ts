import { CliError } from "../../cli-error.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [BUILD...]",
  description: "Forget recent builds: their records and logs, not what they made",
  aliases: ["build rm", "builder rm", "buildx history rm"],
  args: () => {},
  flags: {
    all: bool("Forget all builds that have ended"),
  },
  run: async ({ values, args, context }) => {
    if (args.length === 0 && !values.all) throw new CliError("name builds, or say --all");
    const { builds } = await context.client();
    const ids = values.all
      ? (await builds.list()).filter(({ status }) => status !== "running").map(({ id }) => id)
      : args;
    return forEachArgument(ids, context, async (id) => {
      await builds.remove(id);
      return id;
    });
  },
});
