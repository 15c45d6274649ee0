import type { DiskUsage } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { humanSize } from "../../format/human-size.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Show docker disk usage",
  args: noArguments,
  flags: {
    format: string(LIST_FORMAT_USAGE),
    verbose: bool("Show detailed information on space usage", { short: "v" }),
  },
  run: async ({ values, context }) => {
    const { system } = await context.client();
    const usage = await system.diskUsage();
    if (!values.verbose) {
      await printList(context.stdout, USAGE_LIST, usageRows(usage), { format: values.format });
      return undefined;
    }
    if (values.format !== "") throw new CliError("--format with --verbose is not supported");
    const { diskUsageText } = await import("./df-verbose.ts");
    context.stdout.write(await diskUsageText(usage));
    return undefined;
  },
});

interface UsageRow {
  type: string;
  total: number;
  active: number;
  size: number;
  reclaimable: number;
  /** What reclaimable is a share of; absent: the share is not shown. */
  whole?: number;
}

const USAGE_LIST: ListSpec<UsageRow> = {
  typeName: "*formatter.diskUsageContext",
  headings: {
    Type: "TYPE",
    TotalCount: "TOTAL",
    Active: "ACTIVE",
    Size: "SIZE",
    Reclaimable: "RECLAIMABLE",
  },
  columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
  row: ({ type, total, active, size, reclaimable, whole }) => ({
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size),
    Reclaimable:
      whole === undefined || whole <= 0
        ? humanSize(reclaimable)
        : `${humanSize(reclaimable)} (${Math.trunc((reclaimable * 100) / whole)}%)`,
  }),
};

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

function usageRows(usage: DiskUsage): UsageRow[] {
  return [imageUsage(usage), containerUsage(usage), volumeUsage(usage), cacheUsage(usage)];
}

function imageUsage({ Images, LayersSize = 0 }: DiskUsage): UsageRow {
  const images = Images ?? [];
  const active = images.filter(({ Containers }) => Containers > 0);
  // Of a used image, its layers are needed; what it shares with unused ones counts as needed once.
  const used = sum(
    active.map(({ Size, SharedSize }) =>
      Size === -1 || SharedSize === -1 ? 0 : Size - SharedSize,
    ),
  );
  return {
    type: "Images",
    total: images.length,
    active: active.length,
    size: LayersSize,
    reclaimable: LayersSize - used,
    whole: LayersSize,
  };
}

function containerUsage({ Containers }: DiskUsage): UsageRow {
  const containers = Containers ?? [];
  const isActive = (state: string): boolean => /running|paused|restarting/.test(state);
  const size = sum(containers.map(({ SizeRw = 0 }) => SizeRw));
  return {
    type: "Containers",
    total: containers.length,
    active: containers.filter(({ State }) => isActive(State)).length,
    size,
    reclaimable: sum(
      containers.filter(({ State }) => !isActive(State)).map(({ SizeRw = 0 }) => SizeRw),
    ),
    whole: size,
  };
}

function volumeUsage({ Volumes }: DiskUsage): UsageRow {
  const volumes = (Volumes ?? []).map(({ UsageData }) => UsageData ?? { Size: 0, RefCount: 0 });
  const size = sum(volumes.map(({ Size }) => Math.max(Size, 0)));
  return {
    type: "Local Volumes",
    total: volumes.length,
    active: volumes.filter(({ RefCount }) => RefCount > 0).length,
    size,
    reclaimable: sum(volumes.filter(({ RefCount }) => RefCount === 0).map(({ Size }) => Size)),
    whole: size,
  };
}

function cacheUsage({ BuildCache }: DiskUsage): UsageRow {
  const records = BuildCache ?? [];
  const own = records.filter(({ Shared }) => !Shared);
  return {
    type: "Build Cache",
    total: records.length,
    active: records.filter(({ InUse }) => InUse).length,
    size: sum(own.map(({ Size }) => Size)),
    reclaimable: sum(own.filter(({ InUse }) => !InUse).map(({ Size }) => Size)),
  };
}
