import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove all unused networks",
  args: noArguments,
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const warning = "This will remove all custom networks not used by at least one container.";
    return prune(context, { force: values.force, warning }, async () => {
      const { networks } = await context.client();
      const report = await networks.prune(toFilters(values.filter));
      return { title: "Deleted Networks:", lines: report.NetworksDeleted ?? [] };
    });
  },
});
