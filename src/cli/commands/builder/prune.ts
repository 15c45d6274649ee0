import { defineCommand, noArguments } from "../../command.ts";
import { bool, bytes, filter, toFilters } from "../../flags/flag-kinds.ts";
import { prune } from "../prune.ts";

export const command = defineCommand({
  usage: "",
  description: "Remove build cache",
  aliases: ["builder prune", "buildx prune"],
  args: noArguments,
  flags: {
    all: bool("Remove all unused build cache, not just dangling ones", { short: "a" }),
    filter: filter('Provide filter values (e.g. "until=24h")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
    "keep-storage": bytes("Amount of disk space to keep for cache"),
    "max-used-space": bytes("Maximum amount of disk space allowed to keep for cache"),
    "min-free-space": bytes("Target amount of free disk space after pruning"),
    "reserved-space": bytes("Amount of disk space always allowed to keep for cache"),
    verbose: bool("Accepted for buildx's sake", { hidden: true }),
  },
  run: ({ values, context }) => {
    const warning = values.all
      ? "This will remove all build cache."
      : "This will remove all dangling build cache.";
    return prune(context, { force: values.force, warning }, async () => {
      const { builds } = await context.client();
      const given = <K extends string>(name: K, size: number): { [key in K]?: number } =>
        size === 0 ? {} : ({ [name]: size } as { [key in K]?: number });
      const report = await builds.prune({
        all: values.all,
        filters: toFilters(values.filter),
        ...given("reservedSpace", values["reserved-space"] || values["keep-storage"]),
        ...given("maxUsedSpace", values["max-used-space"]),
        ...given("minFreeSpace", values["min-free-space"]),
      });
      return {
        title: "Deleted build cache objects:",
        lines: report.CachesDeleted ?? [],
        reclaimed: report.SpaceReclaimed,
      };
    });
  },
});
