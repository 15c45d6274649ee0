import { atLeast, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  description:
    "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
  aliases: ["volume rm", "volume remove"],
  args: atLeast(1),
  flags: { force: bool("Force the removal of one or more volumes", { short: "f" }) },
  run: async ({ values, args, context }) => {
    const { volumes } = await context.client();
    return forEachArgument(args, context, async (name) => {
      await volumes.remove(name, { force: values.force });
      return name;
    });
  },
});
