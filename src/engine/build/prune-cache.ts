import { statfsSync } from "node:fs";
import { type CacheItem, cacheItems } from "../../build/index.ts";
import {
  type BuildCacheRecord,
  type BuildPruneOptions,
  type BuildPruneReport,
  invalidArgument,
  parseTimestamp,
} from "../../spec/index.ts";
import type { BuildContext } from "./build-context.ts";

/** Rows of `system df` and `builder du`. */
export async function listCache(context: BuildContext): Promise<BuildCacheRecord[]> {
  const items = await cacheItems(context.services, (sha256) => context.uploads.isUsed(sha256));
  return items.map(({ record }) => record);
}

/** What the cache takes that is nobody else's. Bytes. */
const ownSize = (records: readonly BuildCacheRecord[]): number =>
  records.reduce((sum, { Shared, Size }) => sum + (Shared ? 0 : Size), 0);

/**
 * Removes what was not used for longest first, until enough is gone. What a build uses or something stands
 * on stays; so does what images share, unless `all`.
 */
export async function pruneCache(
  context: BuildContext,
  options: BuildPruneOptions,
): Promise<BuildPruneReport> {
  const items = await cacheItems(context.services, (sha256) => context.uploads.isUsed(sha256));
  const matches = filterFor(options);
  let left = ownSize(items.map(({ record }) => record));
  const enough = (): boolean => isEnough(context, options, left);
  const deleted: string[] = [];
  let reclaimed = 0;
  let waiting = items.filter(({ record }) => matches(record)).sort(byLastUse);
  // What something stood on becomes free when that is gone.
  for (let before = -1; before !== waiting.length && !enough(); ) {
    before = waiting.length;
    const kept: CacheItem[] = [];
    for (const item of waiting) {
      if (enough() || !(await item.remove())) {
        kept.push(item);
        continue;
      }
      deleted.push(item.record.ID);
      if (item.record.Shared) continue;
      reclaimed += item.record.Size;
      left -= item.record.Size;
    }
    waiting = kept;
  }
  return { CachesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

/** Keeps the cache below its ceiling; after every build. */
export async function pruneToCeiling(context: BuildContext): Promise<void> {
  const { ceiling, services } = context;
  if (ceiling === 0) return;
  // What can be said quickly is looked at first: walking through cache mounts takes time.
  const snapshots = services.environment.store.builds.list();
  const quick = snapshots.reduce((sum, { size }) => sum + size, services.files.size());
  if (quick < ceiling / 2 && services.cacheMounts.list().length === 0) return;
  await pruneCache(context, { all: true, maxUsedSpace: ceiling, filters: {} });
}

function isEnough(context: BuildContext, options: BuildPruneOptions, left: number): boolean {
  const { reservedSpace, maxUsedSpace, minFreeSpace } = options;
  if (reservedSpace !== undefined && left <= reservedSpace) return true;
  const bounded = maxUsedSpace !== undefined || minFreeSpace !== undefined;
  if (!bounded) return false;
  const fits = maxUsedSpace === undefined || left <= maxUsedSpace;
  return fits && (minFreeSpace === undefined || freeSpace(context) >= minFreeSpace);
}

function freeSpace({ services }: BuildContext): number {
  const { bavail, bsize } = statfsSync(services.environment.store.dataRoot);
  return bavail * bsize;
}

const byLastUse = (a: CacheItem, b: CacheItem): number =>
  (a.record.LastUsedAt ?? "") < (b.record.LastUsedAt ?? "") ? -1 : 1;

type Test = (record: BuildCacheRecord, value: string) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  id: (record, value) => record.ID.startsWith(value),
  parents: (record, value) => (record.Parents ?? []).some((id) => id.startsWith(value)),
  type: (record, value) => record.Type === value,
  description: (record, value) => record.Description.includes(value),
  inuse: (record) => record.InUse,
  shared: (record) => record.Shared,
  private: (record) => !record.Shared,
};

function filterFor({ all, filters }: BuildPruneOptions): (record: BuildCacheRecord) => boolean {
  const tests: ((record: BuildCacheRecord) => boolean)[] = [];
  for (const [name, values] of Object.entries(filters)) {
    if (name === "until" || name === "unused-for") {
      tests.push(unusedSince(values));
      continue;
    }
    const test = TESTS[name];
    if (test === undefined) throw invalidArgument(`invalid filter '${name}'`);
    tests.push((record) => values.some((value) => test(record, value)));
  }
  return (record) => (all || !record.Shared) && tests.every((test) => test(record));
}

function unusedSince(values: readonly string[]): (record: BuildCacheRecord) => boolean {
  const [value = ""] = values;
  if (values.length !== 1) throw invalidArgument("invalid until filter: give one value");
  const limit = Number(parseTimestamp(value) / 1_000_000n);
  return ({ LastUsedAt, CreatedAt }) => Date.parse(LastUsedAt ?? CreatedAt) < limit;
}
