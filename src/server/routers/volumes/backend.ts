import type {
  Filters,
  ProgressMessage,
  TrashedVolumeSummary,
  Volume,
  VolumeCloneOptions,
  VolumeCreateRequest,
  VolumeFile,
  VolumeImportOptions,
  VolumeList,
  VolumeListOptions,
  VolumePruneOptions,
  VolumePruneReport,
  VolumeRemoveOptions,
  VolumeRestoreOptions,
  VolumeSnapshotOptions,
  VolumeSnapshotSummary,
  VolumeTrashReport,
  VolumeUsageReport,
} from "../../../spec/index.ts";

/** What the volume routes need of the engine. A `ref` is a volume's name, or `NAME@SNAPSHOT`. */
export interface VolumeBackend {
  list(options: VolumeListOptions): Promise<VolumeList>;
  inspect(name: string): Promise<Volume>;
  /** Idempotent: a volume of that name and driver is returned as it is. */
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** To the trash, unless `now`. */
  remove(name: string, options: VolumeRemoveOptions): Promise<void>;
  prune(filters: Filters, options: VolumePruneOptions): Promise<VolumePruneReport>;

  lock(name: string, locked: boolean): Promise<void>;
  rename(name: string, to: string): Promise<Volume>;
  /** The last message carries the new volume. */
  clone(
    ref: string,
    options: VolumeCloneOptions,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  /** The last message carries the snapshot. */
  snapshot(
    name: string,
    options: VolumeSnapshotOptions,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  snapshots(name: string): Promise<VolumeSnapshotSummary[]>;
  removeSnapshot(name: string, snapshot: string): Promise<void>;
  restore(
    name: string,
    options: VolumeRestoreOptions,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  /** A tar; resolves when it can be read. */
  export(
    ref: string,
    options: { pause: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  import(
    name: string,
    tar: AsyncIterable<Uint8Array>,
    options: VolumeImportOptions,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  files(ref: string, path: string): Promise<AsyncIterable<VolumeFile>>;
  content(ref: string, path: string): Promise<AsyncIterable<Uint8Array>>;
  usage(name: string): Promise<VolumeUsageReport>;

  trash(): Promise<TrashedVolumeSummary[]>;
  /** By id, or by name: then the one removed last. */
  restoreTrashed(ref: string, as?: string): Promise<Volume>;
  /** Everything, where nothing is named. */
  emptyTrash(refs: readonly string[]): Promise<VolumeTrashReport>;
}
