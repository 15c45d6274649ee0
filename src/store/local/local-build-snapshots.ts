import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rename } from "../../linux/file.ts";
import { unmountInBackground } from "../../linux/mount.ts";
import { mountOverlay } from "../../linux/overlay.ts";
import { lstatIfAny } from "../../linux/stat.ts";
import { notFound } from "../../spec/index.ts";
import type {
  BuildSnapshot,
  BuildSnapshotStore,
  LayerOptions,
  MountedTree,
  SnapshotLayers,
  Tree,
  Workspace,
  WorkspaceOptions,
} from "../build-snapshot-store.ts";
import { BuildLayers, type BuildLayersParts } from "./build-layers.ts";
import type { SnapshotRow } from "./build-snapshot-table.ts";
import { treeSize } from "./container-changes.ts";
import type { Garbage } from "./garbage.ts";
import { Holds } from "./holds.ts";
import { copyRoot, ensureInitLayer } from "./init-layer.ts";
import type { Trash } from "./trash.ts";

export interface BuildSnapshotParts extends BuildLayersParts {
  garbage: Garbage;
  trash: Trash;
}

/** When building has been quiet for so long, snapshots are written back. Milliseconds. */
const SYNC_AFTER = 3000;

export class LocalBuildSnapshots implements BuildSnapshotStore {
  readonly #parts: BuildSnapshotParts;
  readonly #layers: BuildLayers;
  readonly #holds = new Holds<string>();
  readonly #empty: string;
  #syncTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: BuildSnapshotParts) {
    this.#parts = parts;
    this.#layers = new BuildLayers(parts);
    const { paths } = parts;
    for (const path of [paths.build, this.#work(""), paths.buildSnapshot("")]) {
      mkdirSync(path, { recursive: true, mode: 0o711 });
    }
    this.#empty = this.directory("empty");
  }

  get(id: string): BuildSnapshot | undefined {
    const row = this.#parts.snapshots.get(id);
    return row === undefined ? undefined : toSnapshot(row);
  }

  list(): BuildSnapshot[] {
    return this.#parts.snapshots.all().map(toSnapshot);
  }

  has(tree: Tree): boolean {
    const { snapshots, layers } = this.#parts;
    let next = tree;
    while (next.kind === "snapshot") {
      const row = snapshots.get(next.id);
      if (row === undefined) return false;
      next = row.base;
    }
    return next.top === undefined || layers.get(next.top) !== undefined;
  }

  begin(base: Tree, options: WorkspaceOptions = {}): Workspace {
    const hold = this.hold(base);
    const id = randomBytes(16).toString("hex");
    const directory = this.#work(id);
    const [upper, work, rootfs] = ["upper", "work", "rootfs"].map((name) => join(directory, name));
    try {
      const lower = [...(options.between ?? []), ...this.#lower(base, options.container === true)];
      mkdirSync(upper as string, { recursive: true, mode: 0o755 });
      mkdirSync(work as string, { mode: 0o700 });
      mkdirSync(rootfs as string, { mode: 0o755 });
      copyRoot(lower[0], upper as string);
      const target = rootfs as string;
      mountOverlay({ target, lower, upper: upper as string, work: work as string, volatile: true });
    } catch (error) {
      hold[Symbol.dispose]();
      this.#parts.trash.discard(directory);
      throw error;
    }
    return this.#workspace({ id, base, directory, hold });
  }

  #workspace(parts: { id: string; base: Tree; directory: string; hold: Disposable }): Workspace {
    const { id, base, directory, hold } = parts;
    const rootfs = join(directory, "rootfs");
    const changes = join(directory, "upper");
    let open = true;
    const end = (): void => {
      if (!open) return;
      open = false;
      unmountAll(rootfs);
      this.#clear(directory);
      hold[Symbol.dispose]();
    };
    const commit = async (): Promise<Tree> => {
      unmountAll(rootfs);
      try {
        if (readdirSync(changes).length === 0) return base;
        const size = await treeSize(changes);
        const place = this.#parts.paths.buildSnapshot(id);
        mkdirSync(place, { mode: 0o711 });
        rename(changes, join(place, "diff"));
        this.#parts.snapshots.insert({ id, base, size, createdAt: new Date().toISOString() });
        this.#syncLater();
        return { kind: "snapshot", id };
      } finally {
        end();
      }
    };
    const unmount = (): void => unmountAll(rootfs);
    return { id, rootfs, changes, unmount, commit, [Symbol.dispose]: end };
  }

  mount(tree: Tree, options: { writable?: boolean } = {}): MountedTree {
    const hold = this.hold(tree);
    try {
      return this.#mount(this.#lower(tree, false), options.writable === true, hold);
    } catch (error) {
      hold[Symbol.dispose]();
      throw error;
    }
  }

  overlay(directory: string): MountedTree {
    return this.#mount([directory], true);
  }

  #mount(lower: readonly string[], writable: boolean, hold?: Disposable): MountedTree {
    const directory = this.#work(randomBytes(16).toString("hex"));
    const target = join(directory, "rootfs");
    const dispose = (): void => {
      unmountAll(target);
      this.#clear(directory);
      hold?.[Symbol.dispose]();
    };
    try {
      mkdirSync(target, { recursive: true, mode: 0o755 });
      if (writable) {
        const [upper, work] = [join(directory, "upper"), join(directory, "work")];
        mkdirSync(upper, { mode: 0o755 });
        mkdirSync(work, { mode: 0o700 });
        copyRoot(lower[0], upper);
        mountOverlay({ target, lower, upper, work, volatile: true });
      } else mountOverlay({ target, lower: [...lower, this.#empty] });
      return { path: target, [Symbol.dispose]: dispose };
    } catch (error) {
      dispose();
      throw error;
    }
  }

  hold(tree: Tree): Disposable {
    if (tree.kind === "snapshot") return this.#holds.hold(tree.id);
    if (tree.top === undefined) return { [Symbol.dispose]: () => undefined };
    return this.#parts.layerHolds.hold(tree.top);
  }

  isHeld(id: string): boolean {
    return this.#holds.has(id);
  }

  toLayers(tree: Tree, options: LayerOptions = {}): Promise<SnapshotLayers> {
    const rows: SnapshotRow[] = [];
    let next = tree;
    for (; next.kind === "snapshot"; next = this.#row(next.id).base) {
      rows.unshift(this.#row(next.id));
    }
    return this.#layers.make(rows, next.top, options);
  }

  children(id: string): string[] {
    return this.#parts.snapshots.children(id);
  }

  remove(id: string): boolean {
    const { snapshots, trash, paths, garbage } = this.#parts;
    const row = snapshots.get(id);
    if (row === undefined || this.isHeld(id) || this.children(id).length > 0) return false;
    snapshots.delete(id);
    trash.discard(paths.buildSnapshot(id));
    garbage.freeLayers(row.layer?.chainId);
    if (row.base.kind === "layers") garbage.freeLayers(row.base.top);
    return true;
  }

  directory(name: string): string {
    const path = join(this.#parts.paths.build, name);
    mkdirSync(path, { recursive: true, mode: 0o711 });
    return path;
  }

  discard(path: string): void {
    this.#parts.trash.discard(path);
  }

  close(): void {
    clearTimeout(this.#syncTimer);
  }

  #work(id: string): string {
    return join(this.#parts.paths.build, "work", id);
  }

  /** Nearly always there is nothing in it any more: the trash would take its time. */
  #clear(directory: string): void {
    try {
      rmSync(join(directory, "work"), { recursive: true, force: true });
      for (const name of readdirSync(directory)) rmdirSync(join(directory, name));
      rmdirSync(directory);
    } catch {
      this.#parts.trash.discard(directory);
    }
  }

  #row(id: string): SnapshotRow {
    const row = this.#parts.snapshots.get(id);
    if (row === undefined) throw notFound(`Cannot use the build snapshot "${id}": it is not there`);
    return row;
  }

  /** Topmost first; never empty. */
  #lower(tree: Tree, container: boolean): string[] {
    const { layers, paths } = this.#parts;
    const lower: string[] = [];
    let next = tree;
    while (next.kind === "snapshot") {
      const row = this.#row(next.id);
      lower.push(join(this.#directoryOf(row), "diff"));
      next = row.base;
    }
    const { top } = next;
    if (top !== undefined && layers.get(top) === undefined) {
      throw notFound(`Cannot use the layer ${top}: it is not there`);
    }
    const stack = layers.stack(top).map((chainId) => join(paths.layer(chainId), "diff"));
    if (container) {
      const place = top === undefined ? join(paths.layers, "empty") : paths.layer(top);
      lower.push(ensureInitLayer(place, stack));
    }
    lower.push(...stack.reverse());
    return lower.length === 0 ? [this.#empty] : lower;
  }

  #directoryOf(row: SnapshotRow): string {
    const { paths } = this.#parts;
    const layer = row.moved ? row.layer : undefined;
    return layer === undefined ? paths.buildSnapshot(row.id) : paths.layer(layer.chainId);
  }

  /** Snapshots that are not known to have reached the disk do not outlive a reboot. */
  #syncLater(): void {
    clearTimeout(this.#syncTimer);
    // What cannot be marked, on a full disk, is a step to be run again after a reboot.
    this.#syncTimer = setTimeout(() => this.#sync().catch(() => undefined), SYNC_AFTER);
    this.#syncTimer.unref();
  }

  async #sync(): Promise<void> {
    const ids = this.#parts.snapshots.unsynced();
    const sync = Bun.spawn(["sync", "-f", this.#parts.paths.build], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    sync.unref();
    if ((await sync.exited) === 0 && this.#syncTimer !== undefined) {
      this.#parts.snapshots.markSynced(ids);
    }
  }
}

function unmountAll(target: string): void {
  while (lstatIfAny(target)?.mountRoot === true && unmountInBackground(target));
}

function toSnapshot({ id, base, size, createdAt, layer }: SnapshotRow): BuildSnapshot {
  return {
    id,
    base,
    size,
    createdAt,
    ...(layer === undefined ? {} : { chainId: layer.chainId }),
  };
}
