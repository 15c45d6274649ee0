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
  /** The archive is a stranger's: nobody wants its digest. */
  unhashed?: boolean;
  /** Members at or below `from` stand at `to` instead: the archive's top entry under another name. */
  rename?: { from: string; to: string };
  /**
   * Without a locked root, for the caller's own files: `root` stays where it is, and members below a symlink
   * are refused instead. With `copyOwners` false everything belongs to the caller.
   */
  unconfined?: boolean;
  /** Mounted into the tree for this operation, seen by nobody else. In order. */
  mounts?: readonly TreeMount[];
  signal?: AbortSignal;
}

export interface UnpackResult {
  /** Sum of the sizes of regular files. */
  bytes: number;
  files: number;
  /** sha256 of the tar, uncompressed: a layer's DiffID. Of nothing where it is `unhashed`. */
  digest: Digest;
  /** Bytes of the tar, uncompressed. */
  tarSize: number;
  /**
   * Directories that were made because members lie in them, and that no member describes, relative to the
   * root; in `layer` mode `""` stands for the root. Owner and mode are not the archive's.
   */
  implied: string[];
}

export interface PackOptions {
  /** What to pack inside of the root; symlinks of its parents (and a trailing `/.`) resolve in the root. `/`. */
  path?: string;
  /** The name of the top entry; default: the entries of a directory, without itself; a file's own name. */
  rename?: string;
  /**
   * `tree`: as it is. `layer`: an overlay upper directory as an OCI layer, overlay's whiteouts written as
   * `.wh.` files.
   */
  mode?: "tree" | "layer";
  /** Write files with holes as sparse ones (PAX 1.0, as GNU tar does); others see holes as zeros. */
  sparse?: boolean;
  /** Paths relative to the root that are left out with what is below them. */
  exclude?: readonly string[];
  /** Seconds since the epoch: files that are newer get this for their time. */
  notAfter?: number;
  /** Without a locked root, for the caller's own files. */
  unconfined?: boolean;
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
  /** What stands there inside of `source`, symlinks resolved in it. */
  subpath?: string;
  /** Trees, topmost first and `source` the first of them, whose union is meant. */
  layers?: readonly string[];
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

/** With the path that every symlink on the way leads to, as the tree names it. */
export interface LocatedPath extends PathStat {
  realPath: string;
}
