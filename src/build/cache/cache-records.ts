import type { BuildCacheRecord } from "../../spec/index.ts";
import type { BuildSnapshot } from "../../store/index.ts";
import { directorySize } from "../files/directory-size.ts";
import type { BuildServices } from "../solver/build-job.ts";
import type { StepRecord } from "./step-cache.ts";

/** Something of the cache that can be listed and pruned. */
export interface CacheItem {
  readonly record: BuildCacheRecord;
  /** Frees it; false where it is in use or something stands on it. */
  remove(): Promise<boolean>;
}

const MOUNT_PREFIX = "mount-";
export const FILES_ID = "context-files";

/** Everything that builds have left for later ones: results of steps, cache mounts, files of contexts. */
export async function cacheItems(
  services: BuildServices,
  isFileUsed: (sha256: string) => boolean,
): Promise<CacheItem[]> {
  const { builds, images } = services.environment.store;
  const used = new Set(images.list().flatMap(({ layers }) => layers.map(({ chainId }) => chainId)));
  const steps = stepsBySnapshot(services);
  const snapshots = builds.list().map((snapshot) => {
    const shared = snapshot.chainId !== undefined && used.has(snapshot.chainId);
    return snapshotItem(services, snapshot, steps.get(snapshot.id) ?? [], shared);
  });
  return [...snapshots, ...(await mountItems(services)), ...filesItem(services, isFileUsed)];
}

type KeyedStep = readonly [key: string, record: StepRecord];

function stepsBySnapshot({ cache }: BuildServices): Map<string, KeyedStep[]> {
  const steps = new Map<string, KeyedStep[]>();
  for (const [key, record] of cache.entries()) {
    if (record.tree.kind !== "snapshot") continue;
    steps.set(record.tree.id, [...(steps.get(record.tree.id) ?? []), [key, record]]);
  }
  return steps;
}

function snapshotItem(
  { cache, environment }: BuildServices,
  snapshot: BuildSnapshot,
  steps: readonly KeyedStep[],
  shared: boolean,
): CacheItem {
  const { builds } = environment.store;
  const { id, base, size, createdAt } = snapshot;
  const [, latest] =
    [...steps].sort(([, a], [, b]) => (a.lastUsedAt < b.lastUsedAt ? 1 : -1))[0] ?? [];
  const record: BuildCacheRecord = {
    ID: id,
    ...(base.kind === "snapshot" ? { Parents: [base.id] } : {}),
    Type: "regular",
    Description: latest?.description ?? "",
    InUse: builds.isHeld(id),
    Shared: shared,
    Size: size,
    CreatedAt: createdAt,
    LastUsedAt: latest?.lastUsedAt ?? createdAt,
    UsageCount: steps.reduce((sum, [, { uses }]) => sum + uses, 0),
  };
  const remove = async (): Promise<boolean> => {
    if (!builds.remove(id)) return false;
    for (const [key] of steps) cache.remove(key);
    return true;
  };
  return { record, remove };
}

async function mountItems({ cacheMounts }: BuildServices): Promise<CacheItem[]> {
  return await Promise.all(
    cacheMounts.list().map(async ({ id, key, createdAt, lastUsedAt, uses }) => ({
      record: {
        ID: `${MOUNT_PREFIX}${key.slice(0, 25)}${key.slice(64)}`,
        Type: "exec.cachemount",
        Description: `cache mount ${id}`,
        InUse: cacheMounts.isInUse(key),
        Shared: false,
        Size: await directorySize(cacheMounts.directory(key)),
        CreatedAt: createdAt,
        LastUsedAt: lastUsedAt,
        UsageCount: uses,
      },
      remove: () => cacheMounts.remove(key),
    })),
  );
}

function filesItem({ files }: BuildServices, isUsed: (sha256: string) => boolean): CacheItem[] {
  const size = files.size();
  if (size === 0) return [];
  const record: BuildCacheRecord = {
    ID: FILES_ID,
    Type: "source.local",
    Description: "files of build contexts",
    InUse: false,
    Shared: false,
    Size: size,
    CreatedAt: files.changedAt().toISOString(),
    LastUsedAt: null,
    UsageCount: 0,
  };
  return [{ record, remove: async () => (await files.collect(isUsed)) > 0 }];
}
