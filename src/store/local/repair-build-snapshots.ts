import type { Database } from "bun:sqlite";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unmount } from "../../linux/mount.ts";
import { readMountInfo } from "../../linux/mountinfo.ts";
import type { BuildSnapshotTable, SnapshotRow } from "./build-snapshot-table.ts";
import type { LayerTable } from "./layer-table.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";

interface Parts {
  database: Database;
  paths: StorePaths;
  layers: LayerTable;
  snapshots: BuildSnapshotTable;
  trash: Trash;
}

/** Makes rows and directories of build snapshots agree; after the layers have been repaired. */
export function repairBuildSnapshots(parts: Parts): void {
  const { paths, snapshots, trash } = parts;
  const work = join(paths.build, "work");
  for (const { mountPoint } of readMountInfo().reverse()) {
    if (mountPoint.startsWith(`${work}/`)) unmount(mountPoint, { detach: true });
  }
  for (const place of [work, paths.buildSnapshot("")]) mkdirSync(place, { recursive: true });
  for (const name of readdirSync(work)) trash.discard(join(work, name));
  forgetLost(parts);
  const known = new Set(snapshots.all().map(({ id }) => id));
  for (const id of readdirSync(paths.buildSnapshot(""))) {
    if (!known.has(id)) trash.discard(paths.buildSnapshot(id));
  }
}

function forgetLost(parts: Parts): void {
  const { snapshots, layers } = parts;
  const suspects = afterReboot(parts) ? new Set(snapshots.unsynced()) : new Set<string>();
  const lost = new Set<string>();
  const rows = snapshots.all();
  for (let before = -1; before < lost.size; ) {
    before = lost.size;
    for (const row of rows) {
      if (!lost.has(row.id) && (suspects.has(row.id) || isLost(parts, row, lost))) lost.add(row.id);
    }
  }
  for (const id of lost) snapshots.delete(id);
  for (const { id, layer, moved } of snapshots.all()) {
    if (layer !== undefined && !moved && layers.get(layer.chainId) === undefined) {
      snapshots.forgetLayer(id);
    }
  }
}

function isLost({ paths, layers }: Parts, row: SnapshotRow, lost: ReadonlySet<string>): boolean {
  const { base, layer, moved } = row;
  if (base.kind === "snapshot" ? lost.has(base.id) : isGone(layers, base.top)) return true;
  if (moved) return isGone(layers, layer?.chainId);
  return !existsSync(join(paths.buildSnapshot(row.id), "diff"));
}

const isGone = (layers: LayerTable, chainId: Parameters<LayerTable["get"]>[0] | undefined) =>
  chainId !== undefined && layers.get(chainId) === undefined;

function afterReboot({ database }: Parts): boolean {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const last = database
    .query<{ value: string }, []>("SELECT value FROM settings WHERE name = 'build-boot'")
    .get();
  database.query("INSERT OR REPLACE INTO settings VALUES ('build-boot', ?)").run(boot);
  return last !== null && last.value !== boot;
}
