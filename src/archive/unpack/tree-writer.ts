import { constants, readdirSync } from "node:fs";
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
  rmdir,
  setTimes,
  setTimesOf,
  symlink,
  type Timestamp,
  truncate,
  unlink,
  writeAll,
  writeAt,
} from "../../linux/file.ts";
import { FileType, isDirectory, lstat, lstatIfAny, type Status } from "../../linux/stat.ts";
import { setXattr } from "../../linux/xattr.ts";
import { conflict } from "../../spec/index.ts";
import { type ByteString, fromByteString } from "../byte-string.ts";
import { PathBuffer, parentOf } from "../path.ts";
import { archiveError, type TarEntry, type TarType } from "../tar/entry.ts";

export interface TreeWriterOptions {
  /** The directory that members are relative to; default: the working directory. */
  base?: ByteString;
  noOverwriteDirNonDir: boolean;
  /** Everything belongs to this owner instead of the archive's. */
  owner?: { uid: number; gid: number };
  /**
   * The root is not locked: what would go through a symlink is refused, and owners and attributes that only
   * a privileged process may set are left out. With `owner` everything belongs to the caller.
   */
  unconfined?: boolean;
  /** Is this attribute taken over? */
  acceptsXattr: (name: string) => boolean;
}

const NODE_TYPES: Partial<Record<TarType, number>> = {
  fifo: FileType.fifo,
  character: FileType.character,
  block: FileType.block,
};

/** Directories whose times wait for their content; beyond this the oldest are set early. */
const MAX_PENDING_TIMES = 200_000;

/**
 * Puts members into the tree at its base. It is called inside of a locked root, so a symlink on
 * the way leads nowhere else; a name's last part is never followed, and what stands in the way is removed
 * before, so that no device or FIFO is written to.
 */
export class TreeWriter {
  readonly #options: TreeWriterOptions;
  readonly #path: PathBuffer;
  readonly #target: PathBuffer;
  readonly #text = new PathBuffer();
  readonly #times = new Map<ByteString, Timestamp>();
  /** Directories that lead through no symlink; of use while the root is not locked. */
  readonly #direct = new Set<ByteString>([""]);
  /** Directories that no member has described (yet). */
  readonly implied = new Set<ByteString>();

  constructor(options: TreeWriterOptions) {
    this.#options = options;
    this.#path = new PathBuffer(options.base);
    this.#target = new PathBuffer(options.base);
  }

  /** Makes everything but files. `linkTarget` of a hard link is a cleaned path. */
  write(path: ByteString, entry: TarEntry, linkTarget: ByteString): void {
    if (entry.type === "directory") {
      this.#directory(path, entry);
      return;
    }
    if (path === "") throw archiveError("its root is not a directory");
    // A link to itself is there already.
    if (entry.type === "link" && linkTarget === path) return;
    this.#refuseIndirect(path);
    if (entry.type === "link") this.#refuseIndirect(linkTarget);
    this.#replacing(path, () => this.#create(path, entry, linkTarget));
    if (entry.type !== "link") this.#describe(path, entry);
  }

  /** Opens a new file; write to it and give it to `finishFile`. */
  createFile(path: ByteString): number {
    if (path === "") throw archiveError("its root is not a directory");
    this.#refuseIndirect(path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return this.#replacing(path, () => open(this.#path.of(path), flags, 0o600));
  }

  writeChunk(fd: number, chunk: Uint8Array, position: number | undefined): void {
    if (position === undefined) writeAll(fd, chunk);
    else writeAt(fd, chunk, position);
  }

  finishFile(fd: number, path: ByteString, entry: TarEntry): void {
    try {
      if (entry.sparse !== undefined) truncate(fd, entry.size);
      const { uid, gid } = this.#ownerOf(entry);
      // In this order: a write and a change of owner take set-id bits and capabilities away.
      if (this.#setsOwners) fchown(fd, uid, gid);
      fchmod(fd, this.#modeOf(entry));
      this.#xattrs(path, entry);
      setTimesOf(fd, entry.modified);
    } finally {
      close(fd);
    }
  }

  /** Sets the times of directories, which every entry made in them has changed. */
  finish(): void {
    for (const [path, time] of this.#times) {
      try {
        const status = lstatIfAny(this.#path.of(path));
        if (status !== undefined && isDirectory(status)) setTimes(this.#path.of(path), time);
      } catch (error) {
        // A later member has put something else in its place, or above it.
        if (!isErrno(error, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) throw error;
      }
    }
    this.#times.clear();
  }

  setXattr(path: ByteString, name: string, value: Uint8Array): void {
    setXattr(this.#path.of(path), name, value);
  }

  status(path: ByteString): Status | undefined {
    return lstatIfAny(this.#path.of(path));
  }

  /** Makes a directory and those above it where they are missing, as nobody has described them. */
  ensureDirectory(path: ByteString): void {
    try {
      mkdir(this.#path.of(path), 0o755);
      this.implied.add(path);
    } catch (error) {
      if (isErrno(error, Errno.ENOENT) && path !== "") {
        this.ensureDirectory(parentOf(path));
        this.ensureDirectory(path);
      } else if (!isErrno(error, Errno.EEXIST)) throw error;
    }
  }

  /** Removes what is there, whatever it is. */
  remove(path: ByteString): void {
    this.#direct.clear();
    this.#direct.add("");
    try {
      unlink(this.#path.of(path));
    } catch (error) {
      if (!isErrno(error, Errno.EISDIR, Errno.EPERM)) throw error;
      for (const name of readdirSync(Buffer.from(this.#path.text(path), "latin1"), {
        encoding: "buffer",
      })) {
        this.remove(`${path}/${name.toString("latin1")}`);
      }
      rmdir(this.#path.of(path));
    }
  }

  /** In a tree that is not locked a symlink on the way could lead anywhere. */
  #refuseIndirect(path: ByteString): void {
    const parent = parentOf(path);
    if (this.#options.unconfined !== true || this.#direct.has(parent)) return;
    this.#refuseIndirect(parent);
    const status = this.status(parent);
    if (status !== undefined && (status.mode & FileType.mask) === FileType.symlink) {
      throw archiveError(`"${fromByteString(path)}" lies below a symlink`);
    }
    this.#direct.add(parent);
  }

  get #setsOwners(): boolean {
    return this.#options.unconfined !== true || this.#options.owner === undefined;
  }

  /** Set-id bits are their owner's; without the owner they mean somebody else. */
  #modeOf({ mode }: TarEntry): number {
    return this.#setsOwners ? mode : mode & 0o1777;
  }

  #directory(path: ByteString, entry: TarEntry): void {
    this.#refuseIndirect(path);
    this.implied.delete(path);
    if (path !== "") this.#makeDirectory(path, entry);
    this.#describe(path, entry);
  }

  #makeDirectory(path: ByteString, entry: TarEntry): void {
    try {
      this.#creating(path, () => mkdir(this.#path.of(path), entry.mode));
    } catch (error) {
      if (!isErrno(error, Errno.EEXIST)) throw error;
      if (isDirectory(lstat(this.#path.of(path)))) return;
      if (this.#options.noOverwriteDirNonDir) {
        const shown = fromByteString(path);
        throw conflict(`cannot overwrite non-directory "/${shown}" with directory "/"`);
      }
      this.remove(path);
      mkdir(this.#path.of(path), entry.mode);
    }
  }

  #create(path: ByteString, entry: TarEntry, linkTarget: ByteString): void {
    const place = this.#path.of(path);
    if (entry.type === "symlink") symlink(this.#text.of(entry.linkTarget), place);
    else if (entry.type === "link") this.#hardLink(place, linkTarget);
    else {
      const type = NODE_TYPES[entry.type];
      if (type === undefined) throw archiveError(`"${fromByteString(path)}" is of an unknown type`);
      mknod(place, type | 0o600, entry.major, entry.minor);
    }
  }

  #hardLink(place: Uint8Array, linkTarget: ByteString): void {
    const target = this.#target.of(linkTarget);
    if (lstatIfAny(target) === undefined) {
      const shown = fromByteString(linkTarget);
      throw archiveError(`a hard link points to "${shown}", which is not there`);
    }
    link(target, place);
  }

  /** Runs `create`, making missing directories above, and once more after clearing the way. */
  #replacing<T>(path: ByteString, create: () => T): T {
    try {
      return this.#creating(path, create);
    } catch (error) {
      if (!isErrno(error, Errno.EEXIST)) throw error;
      if (this.#options.noOverwriteDirNonDir && isDirectory(lstat(this.#path.of(path)))) {
        const shown = fromByteString(path);
        throw conflict(`cannot overwrite directory "/${shown}" with non-directory "/"`);
      }
      this.remove(path);
      return create();
    }
  }

  #creating<T>(path: ByteString, create: () => T): T {
    try {
      return create();
    } catch (error) {
      const parent = parentOf(path);
      if (isErrno(error, Errno.ENOENT) && this.status(parent) === undefined) {
        this.ensureDirectory(parent);
        return create();
      }
      if (isErrno(error, Errno.ENOTDIR)) {
        throw archiveError(`"${fromByteString(path)}" lies below something that is no directory`);
      }
      throw error;
    }
  }

  #describe(path: ByteString, entry: TarEntry): void {
    const { uid, gid } = this.#ownerOf(entry);
    if (this.#setsOwners) lchown(this.#path.of(path), uid, gid);
    if (entry.type !== "symlink") chmod(this.#path.of(path), this.#modeOf(entry));
    this.#xattrs(path, entry);
    if (entry.type !== "directory") setTimes(this.#path.of(path), entry.modified);
    else {
      if (this.#times.size >= MAX_PENDING_TIMES) this.finish();
      this.#times.set(path, entry.modified);
    }
  }

  #ownerOf(entry: TarEntry): { uid: number; gid: number } {
    return this.#options.owner ?? entry;
  }

  #xattrs(path: ByteString, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      if (!this.#options.acceptsXattr(name)) continue;
      try {
        setXattr(this.#path.of(path), name, value);
      } catch (error) {
        // The file system (or the kind of file) cannot hold it: the file is worth more without it.
        if (!isErrno(error, Errno.ENOTSUP, Errno.EPERM)) throw error;
      }
    }
  }
}
