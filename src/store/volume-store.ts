export interface VolumeRecord {
  readonly name: string;
  readonly driver: "local";
  /** `<data-root>/volumes/<name>/_data`. */
  readonly mountpoint: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Made without a name: removed with its container by `--rm` and `rm -v`, and by `volume prune`. */
  readonly anonymous: boolean;
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

/** Named directories that outlive containers. Who uses which one is known by the container records. */
export interface VolumeStore {
  /**
   * Idempotent for the same name: the existing volume is returned. Names are `[a-zA-Z0-9][a-zA-Z0-9_.-]+`,
   * else `invalid-argument`; other options for an existing name are a `conflict`.
   */
  create(volume: NewVolume): VolumeRecord;
  /** `not-found`: `get <name>: no such volume`. */
  get(name: string): VolumeRecord;
  has(name: string): boolean;
  list(): VolumeRecord[];
  /** Renames aside and deletes in the background. `not-found`; `conflict` while it is held. */
  remove(name: string): void;
  /**
   * Makes the volume usable for a holder (a container id) and returns its directory; mounts it at first
   * need if its options name a device. Idempotent per holder.
   */
  acquire(name: string, holder: string): string;
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
}
