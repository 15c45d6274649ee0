import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused local volumes",
  args: noArguments,
  flags: {
    all: bool("Remove all unused volumes, not just anonymous ones", { short: "a" }),
    filter: filter('Provide filter values (e.g. "label=<label>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  run: ({ values, context }) => {
    const filters = toFilters(values.filter);
    if (values.all) {
      if (filters["all"] !== undefined) {
        throw new CliError("conflicting options: cannot specify both --all and --filter all=1");
      }
      filters["all"] = ["true"];
    }
    const which = values.all ? "local" : "anonymous local";
    const warning = `This will remove ${which} volumes not used by at least one container.`;
    return prune(context, { force: values.force, warning }, async () => {
      const { volumes } = await context.client();
      const report = await volumes.prune(filters);
      return {
        title: "Deleted Volumes:",
        lines: report.VolumesDeleted ?? [],
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});
