export interface VolumeRecord {
  readonly name: string;
  /** `local`, or the name of the plugin that keeps the volume. */
  readonly driver: string;
  /** `<data-root>/volumes/<name>/_data`; of a plugin's volume where the plugin said, empty when not mounted. */
  readonly mountpoint: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Made without a name: removed with its container by `--rm` and `rm -v`, and by `volume prune`. */
  readonly anonymous: boolean;
  /** Guarded against removal by a user. */
  readonly locked?: boolean;
}

export interface NewVolume {
  /** Absent or empty: a random name, 64 hexadecimal digits. */
  name?: string;
  /** Absent, empty or `local`; others are `not-found`. */
  driver?: string;
  labels?: Record<string, string> | null;
  /** Of the local driver: `type`, `o`, `device`, as mount(8) has them. */
  options?: Record<string, string> | null;
}

/** A state of a volume's content that was kept. */
export interface VolumeSnapshot {
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A removed volume that can still be brought back, with its snapshots. */
export interface TrashedVolume {
  /** 12 hexadecimal digits. */
  readonly id: string;
  /** RFC 3339. */
  readonly removedAt: string;
  readonly volume: VolumeRecord;
}

/** What a tree takes; a file with several names counts once. */
export interface TreeUsage {
  /** Sum of the sizes of the files. */
  bytes: number;
  /** What they occupy, holes not counted; shared blocks count for each file. */
  diskBytes: number;
  /** Directories and everything else, without the top. */
  files: number;
}

/** Puts content into an empty directory. What it leaves when it throws is thrown away. */
export type Fill = (directory: string) => Promise<void>;

/** A directory to read from, for as long as it is open: it is mounted, and neither removed nor renamed. */
export interface OpenVolume {
  readonly directory: string;
  /** Idempotent. */
  close(): void;
}

/** Named directories that outlive containers. Who uses which one is known by the container records. */
export interface VolumeStore {
  /**
   * Idempotent for the same name: the existing volume is returned. Names are `[a-zA-Z0-9][a-zA-Z0-9_.-]+`,
   * else `invalid-argument`; another driver for an existing name is a `conflict`, other options change nothing.
   */
  create(volume: NewVolume): VolumeRecord;
  /** Makes a volume that is there, whole, once `fill` has resolved. `conflict` where the name is taken. */
  createFilled(volume: NewVolume, fill: Fill): Promise<VolumeRecord>;
  /** Notes a volume that a plugin keeps. */
  addForeign(volume: Omit<VolumeRecord, "mountpoint" | "createdAt">): VolumeRecord;
  /** Where a plugin has put its volume. */
  setMountpoint(name: string, path: string): void;
  /** `not-found`: `get <name>: no such volume`. */
  get(name: string): VolumeRecord;
  has(name: string): boolean;
  list(): VolumeRecord[];
  /** Deletes for good, in the background. `not-found`; `conflict` while it is held, locked or worked on. */
  remove(name: string): void;
  /** Removes so that `trash.restore` can undo it. Errors as of `remove`. */
  moveToTrash(name: string): TrashedVolume;
  readonly trash: VolumeTrash;
  /** Guards against removal, or lifts the guard. False when it was so already. */
  setLocked(name: string, locked: boolean): boolean;
  /** Holds go with it. `conflict` where the new name is taken, or while the volume is worked on. */
  rename(from: string, to: string): VolumeRecord;

  /** `NAME`, or `NAME@SNAPSHOT`, to be read; `purpose` tells others why: `cloned`. */
  open(ref: string, purpose: string): Promise<OpenVolume>;
  /** A copy that goes when it is closed, or with this process. */
  openCopy(name: string, fill: Fill): Promise<OpenVolume>;
  /**
   * Replaces what a volume holds, at once when `fill` has resolved; its former content becomes the snapshot
   * `keepAs`, or is deleted. `conflict` while it is held; `failed-precondition` where its options mount it.
   */
  replaceContent(name: string, keepAs: string | undefined, fill: Fill): Promise<void>;
  /** Oldest first. */
  snapshots(name: string): VolumeSnapshot[];
  /** `conflict` where the snapshot's name is taken. */
  addSnapshot(name: string, snapshot: string, fill: Fill): Promise<VolumeSnapshot>;
  removeSnapshot(name: string, snapshot: string): void;

  /** As `acquire`; what may take long to mount, from a server or a disk, keeps nobody else waiting. */
  prepare(name: string, holder: string): Promise<string>;
  /**
   * Makes the volume usable for a holder (a container id) and returns its directory; mounts it at first
   * need if its options name a device. Idempotent per holder.
   */
  acquire(name: string, holder: string): string;
  /** Notes that a holder uses the volume since before this store was opened. */
  adopt(name: string, holder: string): void;
  /** Ends a hold; the last one unmounts. Idempotent. */
  release(name: string, holder: string): void;
  /** Drops every hold of holders that are not named: what a crash has left. */
  releaseAllExcept(holders: ReadonlySet<string>): void;
  /**
   * Fills a volume that nobody has put anything into yet with the content of `path` in a tree, owners,
   * modes and xattrs kept; the volume's own directory gets those of `path`. Happens once, also when two
   * containers come at once: the second waits. A crash meanwhile leaves the volume empty, to be filled
   * by the next. Resolves at once if the volume has content or `path` is no directory.
   */
  copyUp(name: string, root: string, path: string): Promise<void>;
  /** Bytes. */
  size(name: string): Promise<number>;
  /** Of `NAME` or `NAME@SNAPSHOT`. */
  usage(ref: string): Promise<TreeUsage>;
}

/** Volumes that were removed and not deleted yet. How long they stay is the caller's decision. */
export interface VolumeTrash {
  /** Latest first. */
  list(): TrashedVolume[];
  /** Brings one back, under another name if given. `not-found`; `conflict` where the name is taken. */
  restore(id: string, name?: string): VolumeRecord;
  /** For good. `not-found`. */
  delete(id: string): void;
  usage(id: string): Promise<TreeUsage>;
}
