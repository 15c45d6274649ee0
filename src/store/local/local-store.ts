import type { Database } from "bun:sqlite";
import { mkdirSync, realpathSync } from "node:fs";
import { close, tryLock } from "../../linux/file.ts";
import { type ChainId, EngineError } from "../../spec/index.ts";
import type { Store } from "../index.ts";
import { BuildSnapshotTable } from "./build-snapshot-table.ts";
import { openDatabase } from "./database.ts";
import { DirectoryVolumeStore } from "./directory-volume-store.ts";
import { FileContentStore } from "./file-content-store.ts";
import { Garbage } from "./garbage.ts";
import { Holds } from "./holds.ts";
import { ImageTable } from "./image-table.ts";
import { LayerTable } from "./layer-table.ts";
import { LayerUnpacker } from "./layer-unpacker.ts";
import { LocalBuildSnapshots } from "./local-build-snapshots.ts";
import { LocalImageStore } from "./local-image-store.ts";
import { OverlaySnapshotStore } from "./overlay-snapshot-store.ts";
import { repair } from "./repair.ts";
import { repairBuildSnapshots } from "./repair-build-snapshots.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { SqliteRecordStore } from "./sqlite-record-store.ts";
import { StorePaths } from "./store-paths.ts";
import { Trash } from "./trash.ts";

/** What a pull that was interrupted has stored so far is spared for this long. Milliseconds. */
const SPARED = 3600 * 1000;

/** How long the end waits for deletions; the next start goes on with what is left. Milliseconds. */
const CLOSING_PATIENCE = 2000;
/** Milliseconds. */
const LOCK_PATIENCE = 500;

export async function openLocalStore(dataRoot: string): Promise<Store> {
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  // Mounts are listed by their real path.
  const paths = new StorePaths(realpathSync(dataRoot));
  const lock = await takeLock(paths);
  let database: Database | undefined;
  try {
    database = openDatabase(paths.database);
    return await assemble(paths, database, lock);
  } catch (error) {
    database?.close();
    close(lock);
    throw error;
  }
}

/**
 * A process that was killed while it started another one leaves its descriptors to that one until it has
 * become another program: the lock may outlive its owner by a moment.
 */
async function takeLock(paths: StorePaths): Promise<number> {
  for (const deadline = Date.now() + LOCK_PATIENCE; ; await Bun.sleep(10)) {
    const lock = tryLock(paths.lock);
    if (lock !== undefined) return lock;
    if (Date.now() < deadline) continue;
    throw new EngineError(
      "unavailable",
      `Cannot open the store "${paths.root}": another process has it open`,
    );
  }
}

async function assemble(paths: StorePaths, database: Database, lock: number): Promise<Store> {
  const trash = new Trash(paths.trash);
  const records = new SqliteRecordStore(database);
  const journal = new SqliteJournal(database);
  const layers = new LayerTable(database);
  const unpacker = new LayerUnpacker(paths, layers, trash);
  const content = new FileContentStore(paths);
  const imageTable = new ImageTable(database);
  const holds = new Holds<ChainId>();
  const garbage = new Garbage({
    paths,
    records,
    layers,
    images: imageTable,
    content,
    unpacker,
    layerHolds: holds,
    trash,
  });
  const snapshots = new OverlaySnapshotStore({ paths, layers, unpacker, holds, garbage, trash });
  const snapshotTable = new BuildSnapshotTable(database);
  const images = new LocalImageStore(imageTable, layers, records, garbage);
  const volumes = new DirectoryVolumeStore(paths, records);
  trash.resume();
  content.trimPartials();
  await repair({ database, paths, layers, unpacker, content, trash });
  repairBuildSnapshots({ database, paths, layers, snapshots: snapshotTable, trash });
  const builds = new LocalBuildSnapshots({
    paths,
    records,
    layers,
    snapshots: snapshotTable,
    unpacker,
    content,
    layerHolds: holds,
    garbage,
    trash,
  });
  volumes.recover();
  return {
    dataRoot: paths.root,
    content,
    snapshots,
    builds,
    images,
    volumes,
    records,
    journal,
    collectGarbage: async ({ minAge = SPARED } = {}) => {
      content.trimPartials();
      return garbage.collect(minAge);
    },
    close: async () => {
      unpacker.close();
      builds.close();
      await Promise.race([
        Promise.all([trash.idle(), volumes.idle()]),
        Bun.sleep(CLOSING_PATIENCE),
      ]);
      database.close();
      close(lock);
    },
  };
}
