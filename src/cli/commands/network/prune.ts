import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";
import { prunableNetworks } from "../prune-candidates.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove all unused networks",
  args: noArguments,
  flags: {
    "dry-run": bool("Say what would be removed and remove nothing"),
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const warning = "This will remove all custom networks not used by at least one container.";
    const dryRun = values["dry-run"];
    return prune(context, { force: values.force || dryRun, warning, dryRun }, async () => {
      const client = await context.client();
      if (dryRun) return await prunableNetworks(client, toFilters(values.filter));
      const report = await client.networks.prune(toFilters(values.filter));
      return { title: "Deleted Networks:", lines: report.NetworksDeleted ?? [] };
    });
  },
});
