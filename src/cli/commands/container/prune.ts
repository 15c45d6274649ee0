import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove all stopped containers",
  args: noArguments,
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const warning = "This will remove all stopped containers.";
    return prune(context, { force: values.force, warning }, async () => {
      const { containers } = await context.client();
      const report = await containers.prune(toFilters(values.filter));
      return {
        title: "Deleted Containers:",
        lines: report.ContainersDeleted ?? [],
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});
