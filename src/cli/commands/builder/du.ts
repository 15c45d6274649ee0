import type { BuildCacheRecord } from "../../../spec/index.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, string, toFilters } from "../../flags/flag-kinds.ts";
import { ellipsis } from "../../format/ellipsis.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { humanSize } from "../../format/human-size.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import { ago } from "../../format/time.ts";

export const command = defineCommand({
  usage: "",
  description: "Disk usage of the build cache",
  aliases: ["builder du", "buildx du"],
  args: noArguments,
  flags: {
    filter: filter('Provide filter values (e.g. "type=regular")'),
    format: string(LIST_FORMAT_USAGE),
    verbose: bool("Show full descriptions"),
  },
  run: async ({ values, context }) => {
    const { builds } = await context.client();
    const filters = toFilters(values.filter);
    const records = (await builds.cache()).filter((record) => matches(record, filters));
    await printList(context.stdout, cacheList(values.verbose), records, { format: values.format });
    if (values.format === "") context.stdout.write(totals(records));
    return undefined;
  },
});

function matches(record: BuildCacheRecord, filters: Readonly<Record<string, string[]>>): boolean {
  const values: Readonly<Record<string, string>> = {
    id: record.ID,
    type: record.Type,
    inuse: String(record.InUse),
    shared: String(record.Shared),
    description: record.Description,
  };
  return Object.entries(filters).every(
    ([name, wanted]) =>
      values[name] === undefined || wanted.some((each) => values[name]?.includes(each) === true),
  );
}

const sum = (records: readonly BuildCacheRecord[]): number =>
  records.reduce((total, { Size }) => total + Size, 0);

function totals(records: readonly BuildCacheRecord[]): string {
  const rows: [string, readonly BuildCacheRecord[]][] = [
    ["Shared", records.filter(({ Shared }) => Shared)],
    ["Private", records.filter(({ Shared }) => !Shared)],
    ["Reclaimable", records.filter(({ InUse }) => !InUse)],
    ["Total", records],
  ];
  return rows.map(([title, some]) => `${`${title}:`.padEnd(16)}${humanSize(sum(some))}\n`).join("");
}

function cacheList(verbose: boolean): ListSpec<BuildCacheRecord> {
  return {
    typeName: "*formatter.buildCacheContext",
    headings: {
      ID: "ID",
      Type: "TYPE",
      Reclaimable: "RECLAIMABLE",
      Size: "SIZE",
      LastUsed: "LAST ACCESSED",
      Usage: "USAGE",
      Description: "DESCRIPTION",
    },
    columns: ["ID", "Type", "Reclaimable", "Size", "LastUsed", "Usage", "Description"],
    row: (record) => ({
      ID: verbose ? record.ID : record.ID.replace(/^sha256:/, "").slice(0, 25),
      Type: record.Type,
      Reclaimable: String(!record.InUse),
      Size: humanSize(record.Size),
      LastUsed: ago(Math.floor(Date.parse(record.LastUsedAt ?? record.CreatedAt) / 1000)),
      Usage: String(record.UsageCount),
      Description: verbose ? record.Description : ellipsis(record.Description, 40),
    }),
  };
}
