import type { ImageDeleteItem } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { isBerth } from "../is-berth.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused images",
  args: noArguments,
  flags: {
    all: bool("Remove all unused images, not just dangling ones", { short: "a" }),
    "dry-run": bool("Say what would be removed and remove nothing"),
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const warning = values.all
      ? "This will remove all images without at least one container associated to them."
      : "This will remove all dangling images.";
    const dryRun = values["dry-run"];
    return prune(context, { force: values.force || dryRun, warning, dryRun }, async () => {
      const { images, system } = await context.client();
      const filters = toFilters([...values.filter, `dangling=${!values.all}`]);
      if (dryRun && !isBerth(await system.version())) {
        throw new CliError("--dry-run is supported by Berth's daemon only");
      }
      const report = await images.prune(filters, { dryRun });
      return {
        title: dryRun ? "Would delete:" : "Deleted Images:",
        lines: (report.ImagesDeleted ?? []).map(deletedLine),
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});

/** As the report of a prune says it, in lower case. */
export function deletedLine(item: ImageDeleteItem): string {
  return "Deleted" in item ? `deleted: ${item.Deleted}` : `untagged: ${item.Untagged}`;
}
