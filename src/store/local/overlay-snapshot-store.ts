import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packTree } from "../../archive/index.ts";
import { unmountInBackground } from "../../linux/mount.ts";
import { readMountInfo } from "../../linux/mountinfo.ts";
import { mountOverlay } from "../../linux/overlay.ts";
import { lstatIfAny } from "../../linux/stat.ts";
import {
  type ChainId,
  conflict,
  type DiffId,
  type Digest,
  EngineError,
  type FilesystemChange,
  notFound,
} from "../../spec/index.ts";
import type {
  ContainerMountOptions,
  LayerRecord,
  NewLayer,
  SnapshotStore,
  StagedLayer,
} from "../snapshot-store.ts";
import { containerChanges, treeSize } from "./container-changes.ts";
import { limitDirectories, whyNoQuota } from "./directory-quota.ts";
import type { Garbage } from "./garbage.ts";
import type { Holds } from "./holds.ts";
import { copyRoot, describeImplied, ensureInitLayer } from "./init-layer.ts";
import type { LayerTable } from "./layer-table.ts";
import type { LayerUnpacker, OpenLayer } from "./layer-unpacker.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";

/** Where containers of images without layers have their init layer. */
const EMPTY_IMAGE = "empty";
/** A tar without members. */
const EMPTY_TAR = 1024;

export class OverlaySnapshotStore implements SnapshotStore {
  readonly #paths: StorePaths;
  readonly #table: LayerTable;
  readonly #unpacker: LayerUnpacker;
  readonly #trash: Trash;
  readonly #holds: Holds<ChainId>;
  readonly #garbage: Garbage;
  /** How many `withMounted` are using a tree that they have mounted. */
  readonly #borrowers = new Map<string, number>();

  constructor(parts: {
    paths: StorePaths;
    layers: LayerTable;
    unpacker: LayerUnpacker;
    holds: Holds<ChainId>;
    garbage: Garbage;
    trash: Trash;
  }) {
    const { paths } = parts;
    this.#paths = paths;
    this.#table = parts.layers;
    this.#unpacker = parts.unpacker;
    this.#holds = parts.holds;
    this.#garbage = parts.garbage;
    this.#trash = parts.trash;
    for (const directory of [paths.layers, paths.containers]) {
      mkdirSync(directory, { recursive: true, mode: 0o711 });
    }
  }

  layer(chainId: ChainId): LayerRecord | undefined {
    return this.#table.get(chainId);
  }

  layers(): LayerRecord[] {
    return this.#table.all();
  }

  layerDirectory(chainId: ChainId): string {
    return join(this.#paths.layer(chainId), "diff");
  }

  ensureLayer(
    layer: NewLayer,
    open: OpenLayer,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<LayerRecord> {
    return this.#unpacker.ensure(layer, open, signal);
  }

  stageLayer(blob: Digest, { signal }: { signal?: AbortSignal } = {}): Promise<StagedLayer> {
    return this.#unpacker.stage(blob, signal);
  }

  hold(chainId: ChainId): Disposable {
    return this.#holds.hold(chainId);
  }

  removeLayer(chainId: ChainId): void {
    this.#table.delete(chainId);
    this.#trash.discard(this.#paths.layer(chainId));
  }

  prepareContainer(
    id: string,
    layers: readonly ChainId[],
    { size = 0 }: { size?: number } = {},
  ): string {
    const missing = layers.find((chainId) => this.#table.get(chainId) === undefined);
    if (missing !== undefined) {
      throw notFound(`Cannot prepare container "${id}": layer ${missing} is not there`);
    }
    if (this.hasContainer(id)) throw conflict(`Cannot prepare container "${id}": it exists`);
    const init = this.#ensureInit(layers);
    const directory = this.containerDirectory(id);
    try {
      mkdirSync(join(directory, "upper"), { recursive: true, mode: 0o755 });
      mkdirSync(join(directory, "work"), { mode: 0o700 });
      mkdirSync(join(directory, "rootfs"), { mode: 0o755 });
      if (size > 0) limitContainer(directory, size);
      copyRoot(init, join(directory, "upper"));
      this.#table.putContainer(id, layers.at(-1));
    } catch (error) {
      this.#trash.discard(directory);
      throw error;
    }
    return this.rootfs(id);
  }

  containerDirectory(id: string): string {
    return this.#paths.container(id);
  }

  rootfs(id: string): string {
    return join(this.#paths.container(id), "rootfs");
  }

  hasContainer(id: string): boolean {
    return this.#table.container(id) !== undefined;
  }

  containers(): string[] {
    return this.#table.containers();
  }

  containerLayers(id: string): readonly ChainId[] {
    const container = this.#table.container(id);
    if (container === undefined) throw notFound(`No such container: ${id}`);
    return this.#table.stack(container.top);
  }

  mount(id: string, { volatile = false }: ContainerMountOptions = {}): string {
    // Whoever borrowed the tree no longer unmounts it.
    this.#borrowers.delete(id);
    return this.#mount(id, volatile);
  }

  unmount(id: string): void {
    const rootfs = this.rootfs(id);
    // More than one may lie upon another; each one of them is in the way of a deletion.
    while (this.isMounted(id) && unmountInBackground(rootfs));
  }

  isMounted(id: string): boolean {
    return lstatIfAny(this.rootfs(id))?.mountRoot === true;
  }

  async withMounted<T>(id: string, use: (rootfs: string) => Promise<T>): Promise<T> {
    const borrowed = this.#borrowers.has(id) || !this.isMounted(id);
    const rootfs = this.#mount(id, false);
    if (borrowed) this.#borrowers.set(id, (this.#borrowers.get(id) ?? 0) + 1);
    try {
      return await use(rootfs);
    } finally {
      if (borrowed) this.#giveBack(id);
    }
  }

  unmountAllExcept(running: ReadonlySet<string>): void {
    const prefix = `${this.#paths.containers}/`;
    for (const { mountPoint } of readMountInfo().reverse()) {
      if (!mountPoint.startsWith(prefix)) continue;
      const [id = ""] = mountPoint.slice(prefix.length).split("/");
      if (!running.has(id)) unmountInBackground(mountPoint);
    }
  }

  removeContainer(id: string): void {
    this.#borrowers.delete(id);
    this.unmount(id);
    // The row goes last: until then the next start knows whose directory this is.
    this.#trash.discard(this.containerDirectory(id));
    const top = this.#table.container(id)?.top;
    this.#table.deleteContainer(id);
    // Its image may have been removed before.
    this.#garbage.freeLayers(top);
  }

  changes(id: string): Promise<FilesystemChange[]> {
    const lower = this.#lower(this.containerLayers(id));
    return containerChanges(join(this.containerDirectory(id), "upper"), lower);
  }

  diffTar(id: string): AsyncIterable<Uint8Array> {
    return packTree(join(this.containerDirectory(id), "upper"), { mode: "layer" });
  }

  async commitContainer(
    id: string,
    sink: (chunk: Uint8Array) => Promise<void>,
  ): Promise<{ diffId: DiffId; size: number; empty: boolean }> {
    if (!this.hasContainer(id)) throw notFound(`No such container: ${id}`);
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of this.diffTar(id)) {
      hash.update(chunk);
      size += chunk.length;
      await sink(chunk);
    }
    const diffId = `sha256:${hash.digest("hex")}` as DiffId;
    return { diffId, size, empty: size <= EMPTY_TAR };
  }

  writableSize(id: string): Promise<number> {
    return treeSize(join(this.containerDirectory(id), "upper"));
  }

  #mount(id: string, volatile: boolean): string {
    const target = this.rootfs(id);
    if (this.isMounted(id)) return target;
    const layers = this.containerLayers(id);
    this.#ensureInit(layers);
    const directory = this.containerDirectory(id);
    const work = join(directory, "work");
    // After a volatile mount the kernel wants to be told that nothing was lost: no power loss since then,
    // or the container's last seconds are gone either way.
    rmSync(join(work, "work/incompat"), { recursive: true, force: true });
    const upper = join(directory, "upper");
    mountOverlay({ target, lower: this.#lower(layers), upper, work, volatile });
    return target;
  }

  #giveBack(id: string): void {
    const left = (this.#borrowers.get(id) ?? 0) - 1;
    if (left > 0) this.#borrowers.set(id, left);
    else if (this.#borrowers.delete(id)) this.unmount(id);
  }

  /** Topmost first. */
  #lower(layers: readonly ChainId[]): string[] {
    const diffs = layers.map((chainId) => this.layerDirectory(chainId));
    return [join(this.#initDirectory(layers), "init"), ...diffs.reverse()];
  }

  #initDirectory(layers: readonly ChainId[]): string {
    const top = layers.at(-1);
    return top === undefined ? join(this.#paths.layers, EMPTY_IMAGE) : this.#paths.layer(top);
  }

  #ensureInit(layers: readonly ChainId[]): string {
    const directory = this.#initDirectory(layers);
    const init = join(directory, "init");
    if (lstatIfAny(init) !== undefined) return init;
    const diffs = layers.map((chainId) => this.layerDirectory(chainId));
    layers.forEach((chainId, index) => {
      describeImplied(this.#paths.layer(chainId), diffs.slice(0, index));
    });
    return ensureInitLayer(directory, diffs);
  }
}

/** The overlay moves files from `work` to `upper`: both belong to one project. */
function limitContainer(directory: string, size: number): void {
  const why = whyNoQuota(directory);
  if (why !== undefined) {
    throw new EngineError(
      "failed-precondition",
      `--storage-opt is supported only for overlay over xfs with 'pquota' mount option (${why})`,
    );
  }
  limitDirectories([join(directory, "upper"), join(directory, "work")], size);
}
