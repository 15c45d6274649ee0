import type { DiskUsage, UsageSum } from "../../spec/index.ts";

/** Adds up what the lists of `system df` hold; a list that is not there has no sum. */
export function usageSums(usage: DiskUsage, verbose: boolean): DiskUsage {
  const { Images, Containers, Volumes, BuildCache } = usage;
  const layers = usage.LayersSize ?? 0;
  return {
    ...usage,
    ...(Images && {
      ImageUsage: {
        ...sum(Images, verbose, { isActive: ({ Containers: users }) => users > 0, size: () => 0 }),
        TotalSize: layers,
        // What only the images in use have, stays; what they share may have others' sake.
        Reclaimable: Images.filter((image) => image.Containers > 0).reduce(
          (rest, image) => rest - (image.Size - Math.max(image.SharedSize, 0)),
          layers,
        ),
      },
    }),
    ...(Containers && {
      ContainerUsage: sum(Containers, verbose, {
        isActive: ({ State }) => ["running", "paused", "restarting"].includes(State),
        size: ({ SizeRw }) => SizeRw ?? 0,
      }),
    }),
    ...(Volumes && {
      VolumeUsage: sum(Volumes, verbose, {
        isActive: ({ UsageData }) => (UsageData?.RefCount ?? 0) > 0,
        size: ({ UsageData }) => Math.max(UsageData?.Size ?? 0, 0),
      }),
    }),
    ...(BuildCache && {
      BuildCacheUsage: sum(BuildCache, verbose, {
        isActive: ({ InUse }) => InUse,
        // What is shared is an image's, and counted there.
        size: ({ Shared, Size }) => (Shared ? 0 : Size),
      }),
    }),
  };
}

function sum<Item>(
  items: Item[],
  verbose: boolean,
  of: { isActive(item: Item): boolean; size(item: Item): number },
): UsageSum<Item> {
  const total = (some: Item[]) => some.reduce((bytes, item) => bytes + of.size(item), 0);
  const active = items.filter((item) => of.isActive(item));
  return {
    ActiveCount: active.length,
    TotalCount: items.length,
    Reclaimable: total(items) - total(active),
    TotalSize: total(items),
    ...(verbose ? { Items: items } : {}),
  };
}
