import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";
import { prunableContainers } from "../prune-candidates.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove all stopped containers",
  args: noArguments,
  flags: {
    "dry-run": bool("Say what would be removed and remove nothing"),
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const warning = "This will remove all stopped containers.";
    const dryRun = values["dry-run"];
    return prune(context, { force: values.force || dryRun, warning, dryRun }, async () => {
      const client = await context.client();
      if (dryRun) return await prunableContainers(client, toFilters(values.filter));
      const report = await client.containers.prune(toFilters(values.filter));
      return {
        title: "Deleted Containers:",
        lines: report.ContainersDeleted ?? [],
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});
