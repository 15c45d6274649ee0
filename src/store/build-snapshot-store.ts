import type { ChainId } from "../spec/index.ts";
import type { ImageLayer } from "./image-store.ts";

/** A read-only tree that a build step can stand on. */
export type Tree =
  /** A stack of layers; none for an empty tree. */
  | { readonly kind: "layers"; readonly top: ChainId | undefined }
  | { readonly kind: "snapshot"; readonly id: string };

/** What one build step has changed, on top of another tree. It has no DiffID until an image needs one. */
export interface BuildSnapshot {
  readonly id: string;
  readonly base: Tree;
  /** Sum of the sizes of its regular files, bytes. */
  readonly size: number;
  /** RFC 3339. */
  readonly createdAt: string;
  /** The layer that has been made of it, which has the tree from then on. */
  readonly chainId?: ChainId;
}

/** A tree that a step writes to. Exactly one of `commit` and disposal ends it. */
export interface Workspace extends Disposable {
  readonly id: string;
  /** Where the tree is mounted; writes go to this workspace alone. */
  readonly rootfs: string;
  /** What has been written, in overlay's form. */
  readonly changes: string;
  /** Unmounts it; `changes` stays until disposal, to stand between a base and other changes. */
  unmount(): void;
  /** Unmounts it and keeps what was written; the base itself where that is nothing. */
  commit(): Promise<Tree>;
}

/** A tree mounted for reading. Disposal unmounts it. */
export interface MountedTree extends Disposable {
  readonly path: string;
}

export interface WorkspaceOptions {
  /** Mount points and files that an engine puts into every container exist in the tree, as no change of it. */
  container?: boolean;
  /** Directories between base and changes, topmost first, as no change either. */
  between?: readonly string[];
}

export interface LayerOptions {
  /** Seconds since the epoch: later times of files become this. */
  notAfter?: number;
  signal?: AbortSignal;
}

/** The layers that stand for a tree's snapshots, lowest first; not those below them. Held until disposed of. */
export interface SnapshotLayers extends Disposable {
  readonly layers: readonly ImageLayer[];
}

/** Trees of build steps: made through overlays, without packing or unpacking anything. */
export interface BuildSnapshotStore {
  get(id: string): BuildSnapshot | undefined;
  list(): BuildSnapshot[];
  /** Is everything of the tree there? */
  has(tree: Tree): boolean;
  /** A tree to write to; what a kill leaves of it goes with the next start. `not-found` for an unknown base. */
  begin(base: Tree, options?: WorkspaceOptions): Workspace;
  /** For reading; with `writable` writes are allowed and thrown away. */
  mount(tree: Tree, options?: { writable?: boolean }): MountedTree;
  /** A directory of the host, seen through an overlay: writes are thrown away. */
  overlay(directory: string): MountedTree;
  /** Protects a tree from removal until released. */
  hold(tree: Tree): Disposable;
  isHeld(id: string): boolean;
  /** Makes a layer of every snapshot of the tree that is none yet. Hold the tree meanwhile. */
  toLayers(tree: Tree, options?: LayerOptions): Promise<SnapshotLayers>;
  /** Snapshots that stand on this one. */
  children(id: string): string[];
  /** False where it is held, stood upon or unknown. Layers that only it needed go too. */
  remove(id: string): boolean;
  /** A directory of the builder's own below the data root, made if it is missing. */
  directory(name: string): string;
  /** Takes a file or directory below such a directory away; deleted in the background. */
  discard(path: string): void;
}
