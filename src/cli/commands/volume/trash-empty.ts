import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [ID|VOLUME...]",
  description: "Delete removed volumes for good, all of them by default",
  args: () => {},
  flags: { force: bool("Do not prompt for confirmation", { short: "f" }) },
  run: async ({ values, args, context }) => {
    const what = args.length === 0 ? "all removed volumes" : args.join(", ");
    const warning = `This will delete ${what} for good.`;
    return await prune(context, { force: values.force, warning }, async () => {
      const { volumes } = await context.client();
      const report = await volumes.emptyTrash(args);
      return {
        title: "Deleted for good:",
        lines: report.Deleted,
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});
