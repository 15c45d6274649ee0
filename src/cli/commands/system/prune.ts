import type { EngineClient } from "../../../client/index.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, noArguments } from "../../command.ts";
import { bool, filter, toFilters } from "../../flags/flag-kinds.ts";
import { humanSize } from "../../format/human-size.ts";
import { confirm } from "../confirm.ts";
import { deletedLine } from "../image/prune.ts";
import { isBerth } from "../is-berth.ts";
import type { PruneResult } from "../prune.ts";
import { prunableContainers, prunableNetworks } from "../prune-candidates.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused data",
  args: noArguments,
  flags: {
    all: bool("Remove all unused images not just dangling ones", { short: "a" }),
    "dry-run": bool("Say what would be removed and remove nothing"),
    filter: filter('Provide filter values (e.g. "label=<key>=<value>")'),
    force: bool("Do not prompt for confirmation", { short: "f" }),
    volumes: bool("Prune anonymous volumes"),
  },
  run: async ({ values, context }) => {
    if (values.volumes && values.filter.some((pair) => pair.startsWith("until="))) {
      throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
    }
    if (values["dry-run"]) return await rehearse(context, values);
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

/** What a prune would find now; what only its containers use is not counted as unused yet. */
async function rehearse(context: CommandContext, choice: Choice): Promise<undefined> {
  const client = await context.client();
  if (!isBerth(await client.system.version())) {
    throw new CliError("--dry-run is supported by Berth's daemon only");
  }
  const filters = toFilters(choice.filter);
  const results: PruneResult[] = [
    await prunableContainers(client, filters),
    await prunableNetworks(client, filters),
  ];
  if (choice.volumes) {
    const { VolumesDeleted, SpaceReclaimed } = await client.volumes.prune(filters, {
      dryRun: true,
    });
    const lines = VolumesDeleted ?? [];
    results.push({ title: "Would delete volumes:", lines, reclaimed: SpaceReclaimed });
  }
  const dangling = [String(!choice.all)];
  const images = await client.images.prune({ ...filters, dangling }, { dryRun: true });
  results.push({
    title: "Would delete images:",
    lines: (images.ImagesDeleted ?? []).map(deletedLine),
    reclaimed: images.SpaceReclaimed,
  });
  for (const { title, lines } of results) {
    if (lines.length > 0) context.stdout.line(`${title}\n${lines.join("\n")}\n`);
  }
  const space = results.reduce((sum, { reclaimed = 0 }) => sum + reclaimed, 0);
  context.stdout.line(`Total reclaimable space: ${humanSize(space)}`);
  return undefined;
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
