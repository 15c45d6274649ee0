import type { Database } from "bun:sqlite";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unmount } from "../../linux/mount.ts";
import { readMountInfo } from "../../linux/mountinfo.ts";
import type { LayerRecord } from "../snapshot-store.ts";
import type { FileContentStore } from "./file-content-store.ts";
import type { LayerTable } from "./layer-table.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";

export interface RepairParts {
  database: Database;
  paths: StorePaths;
  layers: LayerTable;
  unpacker: LayerUnpacker;
  content: FileContentStore;
  trash: Trash;
}

/** Makes rows and directories agree, whatever moment the last process ended at. */
export async function repair(parts: RepairParts): Promise<void> {
  const suspects = suspectLayers(parts);
  unmountInitLayers(parts);
  repairContainers(parts);
  const lost = repairLayers(parts, suspects);
  await unpackAgain(parts, lost);
}

/** After a reboot: layers that were not known to have reached the disk. */
function suspectLayers({ database, layers }: RepairParts): ReadonlySet<string> {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const last = database
    .query<{ value: string }, []>("SELECT value FROM settings WHERE name = 'boot'")
    .get();
  if (last?.value === boot) return new Set();
  const suspects = new Set<string>(layers.unsynced());
  database.query("INSERT OR REPLACE INTO settings VALUES ('boot', ?)").run(boot);
  return suspects;
}

/** A directory without a row is of a container that was being made or removed. */
function repairContainers({ paths, layers, trash }: RepairParts): void {
  const known = new Set(layers.containers());
  const present = new Set(readdirSync(paths.containers));
  for (const id of present) {
    if (known.has(id)) continue;
    unmount(join(paths.container(id), "rootfs"), { detach: true });
    trash.discard(paths.container(id));
  }
  for (const id of known) if (!present.has(id)) layers.deleteContainer(id);
}

function repairLayers(
  { paths, layers, trash }: RepairParts,
  suspects: ReadonlySet<string>,
): LayerRecord[] {
  const records = layers.all();
  const known = new Map(records.map((record) => [paths.layer(record.chainId), record]));
  for (const name of readdirSync(paths.layers)) {
    const path = join(paths.layers, name);
    if (!known.has(path) && name !== "empty") trash.discard(path);
  }
  const lost = records.filter(
    ({ chainId }) => suspects.has(chainId) || !existsSync(join(paths.layer(chainId), "diff")),
  );
  for (const { chainId } of lost) {
    trash.discard(paths.layer(chainId));
    layers.delete(chainId);
  }
  return lost;
}

/** Images and containers that stand on a lost layer need it back; its blob was synced when it arrived. */
async function unpackAgain(
  { unpacker, content, layers, paths, trash }: RepairParts,
  lost: readonly LayerRecord[],
): Promise<void> {
  if (lost.length === 0) return;
  // What was taken over from below, and what was made above, is made again on the whole stack.
  for (const { chainId } of layers.all()) trash.discard(join(paths.layer(chainId), "init"));
  for (const layer of lost) {
    const { blob } = layer;
    if (blob === undefined || content.stat(blob) === undefined) continue;
    await unpacker.ensure(layer, () => content.open(blob)).catch(() => undefined);
  }
}

/** Mounts below the layers are of a process that was killed while it made an init layer. */
function unmountInitLayers({ paths }: RepairParts): void {
  for (const { mountPoint } of readMountInfo().reverse()) {
    if (mountPoint.startsWith(`${paths.layers}/`)) unmount(mountPoint, { detach: true });
  }
}
