import type { BuildSnapshotStore } from "./build-snapshot-store.ts";
import type { ContentStore } from "./content-store.ts";
import type { ImageStore } from "./image-store.ts";
import type { Journal } from "./journal.ts";
import { openLocalStore } from "./local/local-store.ts";
import type { RecordStore } from "./record-store.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import type { VolumeStore } from "./volume-store.ts";

export type * from "./build-snapshot-store.ts";
export type * from "./content-store.ts";
export type * from "./image-store.ts";
export type * from "./journal.ts";
export type * from "./record-store.ts";
export type * from "./snapshot-store.ts";
export type * from "./volume-store.ts";

/** Everything that Berth persists, below one data root. */
export interface Store {
  readonly dataRoot: string;
  readonly content: ContentStore;
  readonly snapshots: SnapshotStore;
  /** Trees of build steps. */
  readonly builds: BuildSnapshotStore;
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  readonly records: RecordStore;
  readonly journal: Journal;
  /**
   * Removes layers and blobs that nothing refers to and nobody holds, and partial downloads beyond the
   * bound. What is younger than `minAge` milliseconds (default: one hour) is spared, for an interrupted
   * pull to go on with. Returns the bytes freed.
   */
  collectGarbage(options?: { minAge?: number }): Promise<number>;
  /** Waits a little for background deletions and closes the database. Mounts stay. */
  close(): Promise<void>;
}

/**
 * Opens or creates the store and repairs what a kill at any instant may have left. One process at a time:
 * `unavailable` while another one has it open.
 */
export function openStore(dataRoot: string): Promise<Store> {
  return openLocalStore(dataRoot);
}
