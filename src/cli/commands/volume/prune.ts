import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { isBerth } from "../is-berth.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused local volumes",
  args: noArguments,
  flags: {
    all: bool("Remove all unused volumes, not just anonymous ones", { short: "a" }),
    "dry-run": bool("Say what would be removed and remove nothing"),
    filter: filter('Provide filter values (e.g. "label=<label>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
    now: bool("Delete at once, so that nothing can be brought back"),
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
    const dryRun = values["dry-run"];
    return prune(context, { force: values.force || dryRun, warning, dryRun }, async () => {
      const { volumes, system } = await context.client();
      if (dryRun && !isBerth(await system.version())) {
        throw new CliError("--dry-run is supported by Berth's daemon only");
      }
      const report = await volumes.prune(filters, { dryRun, now: values.now });
      return {
        title: dryRun ? "Would delete:" : "Deleted Volumes:",
        lines: report.VolumesDeleted ?? [],
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});
