import type { EngineClient } from "../../../client/index.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { humanSize } from "../../format/human-size.ts";
import { confirm } from "../confirm.ts";
import { deletedLine } from "../image/prune.ts";
import type { PruneResult } from "../prune.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused data",
  args: noArguments,
  flags: {
    all: bool("Remove all unused images not just dangling ones", { short: "a" }),
    filter: filter('Provide filter values (e.g. "label=<key>=<value>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
    volumes: bool("Prune anonymous volumes"),
  },
  run: async ({ values, context }) => {
    if (values.volumes && values.filter.some((pair) => pair.startsWith("until="))) {
      throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
    }
    if (!values.force && !(await confirm(context, warning(values)))) return undefined;
    const client = await context.client();
    await pruneAll(context, client, values);
    return undefined;
  },
});

interface Choice {
  readonly all: boolean;
  readonly volumes: boolean;
  readonly filter: readonly string[];
}

function warning({ all, volumes, filter: filters }: Choice): string {
  const what = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  const chosen =
    filters.length === 0
      ? ""
      : `\n  Items to be pruned will be filtered with:\n${[...filters]
          .sort()
          .map((each) => `  - ${each}\n`)
          .join("")}`;
  return `WARNING! This will remove:\n${what.map((each) => `  - ${each}\n`).join("")}${chosen}\nAre you sure you want to continue?`;
}

/** In dependency order: what containers held becomes unused when they are gone. */
async function pruneAll(
  context: CommandContext,
  client: EngineClient,
  choice: Choice,
): Promise<void> {
  const filters = toFilters(choice.filter);
  const steps: (() => Promise<PruneResult>)[] = [
    async () => {
      const report = await client.containers.prune(filters);
      return {
        title: "Deleted Containers:",
        lines: report.ContainersDeleted ?? [],
        reclaimed: report.SpaceReclaimed,
      };
    },
    async () => {
      const report = await client.networks.prune(filters);
      return { title: "Deleted Networks:", lines: report.NetworksDeleted ?? [] };
    },
    ...(choice.volumes
      ? [
          async () => {
            const report = await client.volumes.prune(filters);
            return {
              title: "Deleted Volumes:",
              lines: report.VolumesDeleted ?? [],
              reclaimed: report.SpaceReclaimed,
            };
          },
        ]
      : []),
    async () => {
      const report = await client.images.prune({ ...filters, dangling: [String(!choice.all)] });
      return {
        title: "Deleted Images:",
        lines: (report.ImagesDeleted ?? []).map(deletedLine),
        reclaimed: report.SpaceReclaimed,
      };
    },
  ];
  let reclaimed = 0;
  for (const step of steps) {
    const result = await step();
    reclaimed += result.reclaimed ?? 0;
    if (result.lines.length > 0) {
      context.stdout.line(`${result.title}\n${result.lines.join("\n")}\n`);
    }
  }
  context.stdout.line(`Total reclaimed space: ${humanSize(reclaimed)}`);
}
