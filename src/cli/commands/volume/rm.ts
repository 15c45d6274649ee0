import { atLeast, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  description:
    "Remove one or more volumes, or snapshots (VOLUME@SNAPSHOT). You cannot remove a volume that is in use by a container. A removed volume can be brought back for a while: see volume trash.",
  aliases: ["volume rm", "volume remove"],
  args: atLeast(1),
  flags: {
    force: bool("Force the removal of one or more volumes", { short: "f" }),
    now: bool("Delete at once, so that it cannot be brought back"),
  },
  run: async ({ values, args, context }) => {
    const { volumes } = await context.client();
    return forEachArgument(args, context, async (name) => {
      // No volume's name has an @.
      const [volume = "", snapshot] = name.split("@");
      if (snapshot === undefined) {
        await volumes.remove(name, { force: values.force, now: values.now });
      } else await volumes.removeSnapshot(volume, snapshot);
      return name;
    });
  },
});
