import { constants, readdirSync } from "node:fs";
import { nextData } from "../../linux/clone-file.ts";
import { close, open, readlink } from "../../linux/file.ts";
import { FileType, fstat, lstat, type Status } from "../../linux/stat.ts";
import { getXattr, listXattrs } from "../../linux/xattr.ts";
import { type ByteString, fromByteString, toByteString } from "../byte-string.ts";
import { baseOf, cleanPath, PathBuffer } from "../path.ts";
import { tarEntry } from "../tar/encode.ts";
import { BLOCK, type Segment, type TarEntry, type TarType } from "../tar/entry.ts";
import type { PackOptions } from "../tree-options.ts";
import { isWhiteout } from "../unpack/layer-rules.ts";
import type { MemberSink } from "./member-sink.ts";

const TYPES = new Map<number, TarType>([
  [FileType.regular, "file"],
  [FileType.directory, "directory"],
  [FileType.symlink, "symlink"],
  [FileType.character, "character"],
  [FileType.block, "block"],
  [FileType.fifo, "fifo"],
]);

/** Labels of this host's security modules mean nothing elsewhere, overlay's marks neither. */
const skipsXattr = (name: string): boolean =>
  /^(?:trusted|user)\.overlay\./.test(name) ||
  name.includes("=") ||
  (name.startsWith("security.") && name !== "security.capability");

/** Hands the members of one tree out, in the order of a tar. */
export class Packing {
  readonly #sink: MemberSink;
  /** Stands before every path. */
  readonly #root: ByteString;
  readonly #notAfter: number;
  readonly #path = new PathBuffer();
  readonly #layer: boolean;
  readonly #sparse: boolean;
  readonly #excluded: ReadonlySet<ByteString>;
  readonly #top: ByteString;
  readonly #topName: ByteString;
  /** First name of each file that has more than one. */
  readonly #names = new Map<string, ByteString>();

  constructor(request: Omit<PackOptions, "signal" | "mounts">, sink: MemberSink, root = "") {
    this.#sink = sink;
    this.#root = toByteString(root);
    this.#notAfter = request.notAfter ?? Number.POSITIVE_INFINITY;
    const path = `/${toByteString(request.path ?? "").replace(/^\/+/, "")}`;
    this.#layer = request.mode === "layer";
    this.#sparse = request.sparse === true;
    const clean = (excluded: string) => `/${cleanPath(toByteString(excluded))}`;
    this.#excluded = new Set((request.exclude ?? []).map(clean));
    // A trailing `/` or `/.` asks for what a symlink points to.
    this.#top = /\/\.?$/.test(path) ? `${path.replace(/\/\.?$/, "")}/.` : path;
    this.#topName = request.rename === undefined ? "" : toByteString(request.rename);
  }

  run(): void {
    const status = lstat(this.#place(this.#top));
    const directory = (status.mode & FileType.mask) === FileType.directory;
    const name = directory ? this.#topName : this.#topName || baseOf(this.#top);
    if (directory) {
      // Docker's clients expect the members of a root to begin with its slash.
      if (name === "/") this.#member(this.#top, "", status);
      else if (name !== "") this.#member(this.#top, name, status);
      this.#children(
        this.#top.replace(/\/\.$/, ""),
        name === "" || name === "/" ? name : `${name}/`,
      );
    } else this.#member(this.#top, name, status);
    this.#sink.end();
  }

  #place(path: ByteString): Uint8Array {
    return this.#path.of(`${this.#root}${path}`);
  }

  #children(directory: ByteString, prefix: ByteString): void {
    const place = `${this.#root}${directory}`;
    const listed = Buffer.from(place === "" ? "/" : place, "latin1");
    const names = readdirSync(listed, { encoding: "buffer" }).map((name) =>
      name.toString("latin1"),
    );
    for (const name of names.sort()) {
      const path = `${directory}/${name}`;
      if (this.#excluded.has(path)) continue;
      const status = lstat(this.#place(path));
      if (this.#layer && isWhiteout(status)) this.#marker(`${prefix}.wh.${name}`);
      else this.#memberWithChildren(path, `${prefix}${name}`, status);
    }
  }

  #memberWithChildren(path: ByteString, name: ByteString, status: Status): void {
    this.#member(path, name, status);
    if ((status.mode & FileType.mask) !== FileType.directory) return;
    if (this.#layer && getXattr(this.#place(path), "trusted.overlay.opaque")?.toString() === "y") {
      this.#marker(`${name}/.wh..wh..opq`);
    }
    this.#children(path, `${name}/`);
  }

  /** An empty file whose name is its meaning; without a time, so that equal changes give equal layers. */
  #marker(path: ByteString): void {
    this.#sink.member(tarEntry({ path }));
  }

  #member(path: ByteString, name: ByteString, status: Status): void {
    const type = TYPES.get(status.mode & FileType.mask);
    // A socket is nothing without its process.
    if (type === undefined) return;
    const first = this.#firstName(name, status);
    const entry = this.#entry(path, name, type, status);
    if (first !== undefined) {
      this.#sink.member({ ...entry, type: "link", linkTarget: first, size: 0 });
    } else if (type === "file") this.#file(path, entry, status);
    else this.#sink.member(entry);
  }

  #file(path: ByteString, entry: TarEntry, status: Status): void {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = open(this.#place(path), flags);
    try {
      // A device in its place would be the host's own: whoever writes to the tree may make one.
      const opened = fstat(fd);
      if (opened.inode !== status.inode || opened.device !== status.device) {
        throw new Error(`"${fromByteString(path)}" was replaced while it was read`);
      }
      const holes = this.#sparse && status.blocks * BLOCK < entry.size;
      this.#sink.file(holes ? { ...entry, sparse: dataOf(fd, entry.size) } : entry, fd);
    } finally {
      close(fd);
    }
  }

  /** The name under which this very file is in the archive already. */
  #firstName(name: ByteString, status: Status): ByteString | undefined {
    if (status.links < 2 || (status.mode & FileType.mask) === FileType.directory) return undefined;
    const key = `${status.device}:${status.inode}`;
    const first = this.#names.get(key);
    if (first === undefined) this.#names.set(key, name);
    return first;
  }

  #entry(path: ByteString, name: ByteString, type: TarType, status: Status): TarEntry {
    return {
      type,
      path: type === "directory" ? `${name}/` : name,
      linkTarget: type === "symlink" ? readlink(this.#place(path)).toString("latin1") : "",
      mode: status.mode & 0o7777,
      uid: status.uid,
      gid: status.gid,
      userName: "",
      groupName: "",
      size: type === "file" ? status.size : 0,
      modified:
        status.modified.seconds < this.#notAfter
          ? status.modified
          : { seconds: this.#notAfter, nanoseconds: 0 },
      major: status.major,
      minor: status.minor,
      xattrs: this.#xattrs(path),
    };
  }

  #xattrs(path: ByteString): Map<string, Uint8Array> {
    const xattrs = new Map<string, Uint8Array>();
    for (const name of listXattrs(this.#place(path))) {
      if (skipsXattr(name)) continue;
      const value = getXattr(this.#place(path), name);
      if (value !== undefined) xattrs.set(name, value);
    }
    return xattrs;
  }
}

/** The pieces of a file that are no holes, and its end, by which others know its length. */
function dataOf(fd: number, size: number): Segment[] {
  const pieces: Segment[] = [];
  for (let piece = nextData(fd, 0, size); piece !== undefined; ) {
    pieces.push(piece);
    piece = nextData(fd, piece.offset + piece.length, size);
  }
  return [...pieces, { offset: size, length: 0 }];
}
