import type { Digest } from "../spec/index.ts";

export interface UnpackOptions {
  /**
   * `layer`: OCI whiteouts become overlay's (0/0 character devices, `trusted.overlay.opaque`).
   * `plain`: everything is taken literally.
   */
  mode: "layer" | "plain";
  /** Directory inside of the root that entries are relative to; symlinks are resolved in the root. `/`. */
  path?: string;
  /** Refuse to put a directory where something else is, and the other way round. */
  noOverwriteDirNonDir?: boolean;
  /** Keep the owners of the archive (the default); false: everything belongs to `owner`, or root. */
  copyOwners?: boolean;
  owner?: { uid: number; gid: number };
  /** Mounted into the tree for this operation, seen by nobody else. In order. */
  mounts?: readonly TreeMount[];
  signal?: AbortSignal;
}

export interface UnpackResult {
  /** Sum of the sizes of regular files. */
  bytes: number;
  files: number;
  /** sha256 of the tar, uncompressed: a layer's DiffID. */
  digest: Digest;
  /** Bytes of the tar, uncompressed. */
  tarSize: number;
}

export interface PackOptions {
  /** What to pack inside of the root; symlinks of its parents (and a trailing `/.`) resolve in the root. `/`. */
  path?: string;
  /** The name of the top entry; default: entries relative to `path`, without it. */
  rename?: string;
  /**
   * `tree`: as it is. `layer`: an overlay upper directory as an OCI layer, overlay's whiteouts written as
   * `.wh.` files.
   */
  mode?: "tree" | "layer";
  /** Paths relative to the root that are left out with what is below them. */
  exclude?: readonly string[];
  /** Mounted into the tree for this operation, seen by nobody else. In order. */
  mounts?: readonly TreeMount[];
  signal?: AbortSignal;
}

/** Something that stands at a path of the tree while it is packed, unpacked or looked at: a volume. */
export interface TreeMount {
  /** On the host: a directory or a file. */
  source: string;
  /** In the tree. */
  target: string;
  readonly?: boolean;
}

/** What `HEAD /containers/<id>/archive` tells of a path. */
export interface PathStat {
  name: string;
  size: number;
  /** Go's os.FileMode. */
  mode: number;
  /** RFC 3339 with nanoseconds. */
  mtime: string;
  linkTarget: string;
}

/**
 * Unpacks a tar stream (plain, gzip or zstd by its first bytes) below `root`, in a process of its own that
 * has made `root` its root. Nothing outside of it can be reached, whatever the archive says. Backpressure
 * goes to the stream. Errors: `invalid-argument` for a bad archive, `failed-precondition` and others as
 * the file system had it; what was unpacked until then stays.
 */
export function unpackTar(
  _stream: AsyncIterable<Uint8Array>,
  _root: string,
  _options: UnpackOptions,
): Promise<UnpackResult> {
  throw new Error("not built yet");
}

/**
 * A deterministic tar of a tree: names in byte order, numeric owners, times in nanoseconds, xattrs, hard
 * links. Read by a process locked into `root`. `not-found` if `path` is not there.
 */
export function packTree(_root: string, _options?: PackOptions): AsyncIterable<Uint8Array> {
  throw new Error("not built yet");
}

/** Looks at a path as the tree at `root` sees it. `not-found`. */
export function statPath(
  _root: string,
  _path: string,
  _mounts?: readonly TreeMount[],
): Promise<PathStat> {
  throw new Error("not built yet");
}

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** By magic number; `none` for everything else. Wants the first 6 bytes. */
export function detectCompression(_start: Uint8Array): Compression {
  throw new Error("not built yet");
}

/** The uncompressed bytes of a stream, whichever compression its first bytes show. */
export function decompress(_stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  throw new Error("not built yet");
}

/** Compresses. `level` 1-9, default 6. */
export function gzip(
  _stream: AsyncIterable<Uint8Array>,
  _level?: number,
): AsyncIterable<Uint8Array> {
  throw new Error("not built yet");
}
