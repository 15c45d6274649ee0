import type { ImageDeleteItem } from "../../../spec/index.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused images",
  args: noArguments,
  flags: {
    all: bool("Remove all unused images, not just dangling ones", { short: "a" }),
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const warning = values.all
      ? "This will remove all images without at least one container associated to them."
      : "This will remove all dangling images.";
    return prune(context, { force: values.force, warning }, async () => {
      const { images } = await context.client();
      const filters = toFilters([...values.filter, `dangling=${!values.all}`]);
      const report = await images.prune(filters);
      return {
        title: "Deleted Images:",
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
