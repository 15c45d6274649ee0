import type { DiskUsage } from "../../../spec/index.ts";
import { humanSize } from "../../format/human-size.ts";
import { formatList, type ListSpec } from "../../format/list-format.ts";
import { containerList } from "../container/container-list.ts";
import { imageList, nameImages } from "../image/image-list.ts";
import { VOLUME_LIST } from "../volume/ls.ts";

/** `system df -v`: a table of every kind. */
export async function diskUsageText(usage: DiskUsage): Promise<string> {
  const images = imageList({ truncate: true, digests: false });
  const containers = containerList({ truncate: true, size: true });
  const table = <Item>(spec: ListSpec<Item>, columns: string[], items: readonly Item[]) =>
    formatList({ ...spec, columns }, items, { format: "" });
  const cache = usage.BuildCache ?? [];
  const cacheSize = cache.reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0);
  return [
    "Images space usage:\n\n",
    await table(
      images,
      ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"],
      nameImages(usage.Images ?? [], false),
    ),
    "\nContainers space usage:\n\n",
    await table(
      containers,
      ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"],
      (usage.Containers ?? []).map((container) => ({ ...container, SizeRootFs: 0 })),
    ),
    "\nLocal Volumes space usage:\n\n",
    await table(VOLUME_LIST, ["Name", "Links", "Size"], usage.Volumes ?? []),
    `\nBuild cache usage: ${humanSize(cacheSize)}\n\n`,
    await table(CACHE_LIST, CACHE_LIST.columns as string[], cache),
  ].join("");
}

const CACHE_LIST: ListSpec<NonNullable<DiskUsage["BuildCache"]>[number]> = {
  typeName: "*formatter.buildCacheContext",
  headings: {
    ID: "CACHE ID",
    CacheType: "CACHE TYPE",
    Size: "SIZE",
    CreatedSince: "CREATED",
    LastUsedSince: "LAST USED",
    UsageCount: "USAGE",
    Shared: "SHARED",
  },
  columns: ["ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared"],
  row: (record) => ({
    ID: record.ID.slice(0, 12),
    CacheType: record.Type,
    Size: humanSize(record.Size),
    CreatedSince: record.CreatedAt,
    LastUsedSince: record.LastUsedAt ?? "",
    UsageCount: String(record.UsageCount),
    Shared: String(record.Shared),
  }),
};
