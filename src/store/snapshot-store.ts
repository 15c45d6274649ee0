import type { ChainId, DiffId, Digest, FilesystemChange } from "../spec/index.ts";

export interface LayerRecord {
  readonly chainId: ChainId;
  /** `undefined` for a lowest layer. */
  readonly parent: ChainId | undefined;
  readonly diffId: DiffId;
  /** The layer's blob (compressed or plain tar) if the content store has one; kept as long as the layer. */
  readonly blob: Digest | undefined;
  /** Sum of the sizes of its regular files, bytes: what Docker counts. */
  readonly size: number;
}

export type NewLayer = Omit<LayerRecord, "size">;

/** A layer that is unpacked before its place is known. Disposing of one that has no place removes it. */
export interface StagedLayer extends Disposable {
  /** What the tar turned out to be. */
  readonly diffId: DiffId;
  /**
   * Puts it into its place; returns the layer that is there if somebody was faster. `invalid-argument` if
   * `layer.diffId` is another one. Once.
   */
  place(layer: NewLayer): LayerRecord;
}

export interface ContainerMountOptions {
  /** No write-back at unmount: for containers that are removed when they end. */
  volatile?: boolean;
}

/** Layers, shared and read-only, and the writable directory of each container on top of a stack of them. */
export interface SnapshotStore {
  layer(chainId: ChainId): LayerRecord | undefined;
  layers(): LayerRecord[];
  /** The layer's directory in overlay form (whiteouts are 0/0 character devices). */
  layerDirectory(chainId: ChainId): string;
  /**
   * Makes sure that the layer is unpacked. `open` is called only if it is not; its stream (plain, gzip or
   * zstd tar, found out by its first bytes) is read once, decompressed, hashed and unpacked in a process
   * locked into the new directory. The layer appears whole or not at all: a stream that throws, or whose
   * tar is not `diffId`, leaves nothing. Different layers may unpack at once, parents need not be there;
   * callers for the same layer share one unpacking.
   */
  ensureLayer(
    layer: NewLayer,
    open: () => AsyncIterable<Uint8Array>,
    options?: { signal?: AbortSignal },
  ): Promise<LayerRecord>;
  /**
   * Unpacks a layer's blob (plain, gzip or zstd tar) whose place is known later only. A crash or a bad
   * archive leaves nothing. `not-found` for a blob that is not there.
   */
  stageLayer(blob: Digest, options?: { signal?: AbortSignal }): Promise<StagedLayer>;
  /** Protects a layer from garbage collection until released, whether it is there yet or not. */
  hold(chainId: ChainId): Disposable;
  /**
   * Packs a container's changes as a layer's tar: writes it to `sink`, in order, and returns its DiffId and
   * size. `empty`: it has no member. The container does not run, or is paused.
   */
  commitContainer(
    id: string,
    sink: (chunk: Uint8Array) => Promise<void>,
  ): Promise<{ diffId: DiffId; size: number; empty: boolean }>;

  /**
   * Makes `containers/<id>/` with a writable directory over `layers` (lowest first, all present; none for
   * an empty image). Mount points and files that an engine puts into every container (/proc, /dev,
   * /etc/hosts …) exist in a read-only layer between, so that they are no change of the container. `size`
   * bounds what the container may write, bytes; `failed-precondition` where the file system has no quotas.
   */
  prepareContainer(id: string, layers: readonly ChainId[], options?: { size?: number }): string;
  /** `containers/<id>/`, for log files and the like too; removed with the container. */
  containerDirectory(id: string): string;
  /** `containers/<id>/rootfs`: where `mount` puts the container's tree. */
  rootfs(id: string): string;
  hasContainer(id: string): boolean;
  containers(): string[];
  /** The stack that the container was prepared with, lowest first. `not-found`. */
  containerLayers(id: string): readonly ChainId[];
  /** Mounts the container's tree at `rootfs(id)` and returns that. Idempotent. */
  mount(id: string, options?: ContainerMountOptions): string;
  /** Unmounts it, detaching what is in use. Idempotent. */
  unmount(id: string): void;
  isMounted(id: string): boolean;
  /** Runs `use` with the tree mounted, and unmounts it afterwards if it was not mounted before. */
  withMounted<T>(id: string, use: (rootfs: string) => Promise<T>): Promise<T>;
  /** Unmounts every container's tree but these: what a crash has left mounted. */
  unmountAllExcept(running: ReadonlySet<string>): void;
  /**
   * Unmounts, renames aside and deletes in the background; layers and blobs that only it needed go too.
   * Idempotent.
   */
  removeContainer(id: string): void;

  /** What `docker diff` says: parents before children, names in byte order. */
  changes(id: string): Promise<FilesystemChange[]>;
  /** The changes as an OCI layer tar (whiteouts as `.wh.` files), deterministic. */
  diffTar(id: string): AsyncIterable<Uint8Array>;
  /** Bytes in the container's writable directory. */
  writableSize(id: string): Promise<number>;
  /** Removes a layer's directory; the caller has made sure that nothing uses it. */
  removeLayer(chainId: ChainId): void;
}
