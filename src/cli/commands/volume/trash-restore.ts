import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] ID|VOLUME [ID|VOLUME...]",
  description:
    "Bring removed volumes back, with their snapshots. Of several of one name, the one removed last.",
  args: atLeast(1),
  flags: { name: string("Bring it back under another name") },
  run: async ({ values, args, context }) => {
    if (values.name !== "" && args.length > 1) {
      throw new CliError("--name goes with one volume only");
    }
    const { volumes } = await context.client();
    return await forEachArgument(args, context, async (ref) => {
      const restored = await volumes.restoreTrashed(ref, values.name || undefined);
      return restored.Name;
    });
  },
});
