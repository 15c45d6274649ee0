import { constants, readdirSync } from "node:fs";
import { nextData, seekTo, shareBlocks } from "../../linux/clone-file.ts";
import { clearUmask } from "../../linux/confinement.ts";
import { copyRange } from "../../linux/copy-range.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import {
  chmod,
  close,
  fchmod,
  fchown,
  lchown,
  link,
  mkdir,
  mknod,
  open,
  readlink,
  setTimes,
  setTimesOf,
  symlink,
  syncFileSystem,
  truncate,
  writeAll,
} from "../../linux/file.ts";
import { FileType, fstat, isDirectory, lstatIfAny, type Status } from "../../linux/stat.ts";
import { getXattr, listXattrs, setXattr } from "../../linux/xattr.ts";
import { EngineError } from "../../spec/index.ts";
import { failChild } from "../child-protocol.ts";

export interface CopyRequest {
  /** Directories; the target is there, empty, and nobody else's. */
  source: string;
  target: string;
  /** Fail with `failed-precondition` instead of copying where blocks cannot be shared. */
  sharedOnly: boolean;
}

/** What a copy tells on stdout, one JSON object a line. */
export interface CopyNews {
  /** Of files' content, apparent sizes. */
  bytes: number;
  files: number;
  /** Every file so far shares its blocks with its original. */
  shared: boolean;
  /** The source is not looked at any more; what follows is the write-back. */
  copied: boolean;
}

const O_PATH = 0o10000000;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Bytes between two looks at the clock. */
const PIECE = 16 * 1024 * 1024;
/** Between two lines of progress, milliseconds. */
const NEWS_INTERVAL = 200;

/**
 * `berth copy-tree <request as JSON>`: copies a tree with owners, modes, times, attributes, holes and hard
 * links, sharing blocks where the file system can. Every step goes from the descriptor of a directory to a
 * name in it, never through a symlink: whoever changes the source meanwhile cannot lead it elsewhere.
 */
export function runCopyTree(argument: string): never {
  try {
    const request = JSON.parse(argument) as CopyRequest;
    clearUmask();
    new TreeCopy(request).run();
    process.exit(0);
  } catch (error) {
    failChild(error);
  }
}

/** A name in an open directory, as a path that leads through no symlink of the tree. */
function at(directory: number, name: Uint8Array | string): Uint8Array {
  return Buffer.concat([
    Buffer.from(`/proc/self/fd/${directory}/`),
    typeof name === "string" ? Buffer.from(name) : name,
    Buffer.from([0]),
  ]);
}

const terminated = (name: Uint8Array): Uint8Array => Buffer.concat([name, Buffer.from([0])]);

const hasVanished = (error: unknown): boolean =>
  isErrno(error, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP);

class TreeCopy {
  readonly #source: number;
  readonly #target: number;
  readonly #sharedOnly: boolean;
  /** First copy of each file that has several names, relative to the target. */
  readonly #copies = new Map<string, Uint8Array>();
  #sharing = true;
  #bytes = 0;
  #files = 0;
  #told = Date.now();

  constructor({ source, target, sharedOnly }: CopyRequest) {
    this.#source = open(source, DIRECTORY);
    this.#target = open(target, DIRECTORY);
    this.#sharedOnly = sharedOnly;
  }

  run(): void {
    this.#directory(this.#source, this.#target, Buffer.alloc(0));
    this.#tell(true);
    syncFileSystem(this.#target);
  }

  /** Content first: it changes the directory's times. */
  #directory(from: number, to: number, path: Uint8Array): void {
    const names = readdirSync(`/proc/self/fd/${from}`, { encoding: "buffer" });
    for (const name of names) {
      try {
        this.#member(from, to, name, path);
      } catch (error) {
        // Removed or replaced between the listing and now.
        if (!hasVanished(error) || lstatIfAny(at(from, name)) !== undefined) throw error;
      }
    }
    const status = fstat(from);
    fchown(to, status.uid, status.gid);
    fchmod(to, status.mode & 0o7777);
    this.#attributes(at(from, "."), at(to, "."));
    setTimesOf(to, status.modified);
  }

  #member(from: number, to: number, name: Uint8Array, parent: Uint8Array): void {
    const status = lstatIfAny(at(from, name));
    if (status === undefined) return;
    this.#files++;
    const path = Buffer.concat([parent, Buffer.from("/"), name]);
    if (isDirectory(status)) this.#subdirectory(from, to, name, path);
    else if (!this.#linked(status, to, name, path)) {
      const type = status.mode & FileType.mask;
      if (type === FileType.regular) this.#file(from, to, name);
      else if (type === FileType.symlink) symlink(terminated(readlinkIn(from, name)), at(to, name));
      else mknod(at(to, name), type | 0o600, status.major, status.minor);
      if (type !== FileType.regular) this.#describe(status, from, to, name);
    }
    if (Date.now() - this.#told > NEWS_INTERVAL) this.#tell(false);
  }

  #subdirectory(from: number, to: number, name: Uint8Array, path: Uint8Array): void {
    const source = open(terminated(name), DIRECTORY, 0, from);
    try {
      mkdir(terminated(name), 0o700, to);
      const target = open(terminated(name), DIRECTORY, 0, to);
      try {
        this.#directory(source, target, path);
      } finally {
        close(target);
      }
    } finally {
      close(source);
    }
  }

  /** Another name of a file that is copied already. */
  #linked(status: Status, to: number, name: Uint8Array, path: Uint8Array): boolean {
    if (status.links < 2) return false;
    const key = `${status.device}:${status.inode}`;
    const first = this.#copies.get(key);
    if (first === undefined) {
      this.#copies.set(key, path);
      return false;
    }
    link(at(this.#target, first.subarray(1)), at(to, name));
    return true;
  }

  /** Looked at by a descriptor that only names it, so that no device or FIFO in its place is opened. */
  #file(from: number, to: number, name: Uint8Array): void {
    const named = open(terminated(name), O_PATH | constants.O_NOFOLLOW, 0, from);
    try {
      const status = fstat(named);
      if ((status.mode & FileType.mask) !== FileType.regular) return;
      const source = open(`/proc/self/fd/${named}`, constants.O_RDONLY | constants.O_NONBLOCK);
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      const target = open(terminated(name), flags | constants.O_NOFOLLOW, 0o600, to);
      try {
        this.#content(source, target, status);
        // In this order: a write and a change of owner take set-id bits and capabilities away.
        fchown(target, status.uid, status.gid);
        fchmod(target, status.mode & 0o7777);
        this.#attributes(at(from, name), at(to, name));
        setTimesOf(target, status.modified);
      } finally {
        close(source);
        close(target);
      }
    } finally {
      close(named);
    }
  }

  #content(source: number, target: number, { size }: Status): void {
    if (size === 0) return;
    if (this.#sharing) {
      if (shareBlocks(source, target)) {
        this.#bytes += size;
        return;
      }
      if (this.#sharedOnly) {
        throw new EngineError("failed-precondition", "the file system cannot share blocks");
      }
      this.#sharing = false;
    }
    for (let data = nextData(source, 0, size); data; ) {
      this.#piece(source, target, data);
      data = nextData(source, data.offset + data.length, size);
    }
    truncate(target, size);
  }

  #piece(source: number, target: number, data: { offset: number; length: number }): void {
    seekTo(target, data.offset);
    for (let done = 0; done < data.length; ) {
      const count = copyRange(
        source,
        data.offset + done,
        target,
        Math.min(PIECE, data.length - done),
      );
      // Cut off by somebody meanwhile.
      if (count === 0) return;
      done += count;
      this.#bytes += count;
      if (Date.now() - this.#told > NEWS_INTERVAL) this.#tell(false);
    }
  }

  #describe(status: Status, from: number, to: number, name: Uint8Array): void {
    lchown(at(to, name), status.uid, status.gid);
    if ((status.mode & FileType.mask) !== FileType.symlink) {
      chmod(at(to, name), status.mode & 0o7777);
    }
    this.#attributes(at(from, name), at(to, name));
    setTimes(at(to, name), status.modified);
  }

  #attributes(from: Uint8Array, to: Uint8Array): void {
    for (const name of listXattrs(from)) {
      const value = getXattr(from, name);
      if (value === undefined) continue;
      try {
        setXattr(to, name, value);
      } catch (error) {
        // The file system (or the kind of file) cannot hold it: the file is worth more without it.
        if (!isErrno(error, Errno.ENOTSUP, Errno.EPERM)) throw error;
      }
    }
  }

  #tell(copied: boolean): void {
    this.#told = Date.now();
    const news: CopyNews = {
      bytes: this.#bytes,
      files: this.#files,
      shared: this.#sharing,
      copied,
    };
    writeAll(1, Buffer.from(`${JSON.stringify(news)}\n`));
  }
}

function readlinkIn(directory: number, name: Uint8Array): Uint8Array {
  return readlink(terminated(name), directory);
}
