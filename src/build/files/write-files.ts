import { constants } from "node:fs";
import { copyRange } from "../../linux/copy-range.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import {
  chmod,
  close,
  fchmod,
  fchown,
  lchown,
  mkdir,
  open,
  openInRoot,
  setTimes,
  setTimesOf,
  symlink,
  unlink,
} from "../../linux/file.ts";
import { fstat, isDirectory, lstatIfAny } from "../../linux/stat.ts";
import { getXattr, listXattrs, setXattr } from "../../linux/xattr.ts";
import { invalidArgument } from "../../spec/index.ts";
import type { ModeChange } from "../dockerfile/mode-change.ts";
import { letOthersWork } from "./let-others-work.ts";
import type { CopyItem } from "./select-files.ts";
import { joinPath, type SourceTree } from "./source-tree.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface WriteOptions {
  /** Everything belongs to it, directories that are made on the way too; absent: as in the source. */
  readonly owner?: Owner;
  readonly mode?: ModeChange;
  readonly signal: AbortSignal;
}

const O_PATH = 0o10000000;
/** Copied at a stretch. Bytes. */
const PIECE = 8 * 1024 * 1024;

/**
 * Puts files into a mounted tree below `destination`, whose symlinks the kernel resolves inside of the root
 * (openat2(2)). What is in a file's way is replaced, a directory is not.
 */
export async function writeFiles(
  root: number,
  destination: string,
  tree: SourceTree,
  items: readonly CopyItem[],
  options: WriteOptions,
): Promise<void> {
  const writer = new FileWriter(root, destination, tree, options);
  try {
    for (const item of items) {
      options.signal.throwIfAborted();
      await writer.write(item);
      await letOthersWork();
    }
    writer.finish();
  } finally {
    writer.close();
  }
}

/**
 * Opens a directory of a tree, and makes it and those above it where they are missing. The caller closes.
 * @throws invalid-argument where something else is in the way
 */
export function enterDirectory(root: number, path: string, owner: Owner, mode = 0o755): number {
  let directory = openInRoot(root, ".", O_PATH | constants.O_DIRECTORY);
  let walked = "";
  for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
    walked += `/${name}`;
    const next =
      openDirectory(root, walked) ?? makeDirectory(root, walked, name, directory, owner, mode);
    close(directory);
    directory = next;
  }
  return directory;
}

function openDirectory(root: number, path: string): number | undefined {
  try {
    return openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return undefined;
    if (!isErrno(error, Errno.ENOTDIR)) throw error;
    throw invalidArgument(`cannot copy to non-directory: ${path}`);
  }
}

function makeDirectory(
  root: number,
  path: string,
  name: string,
  parent: number,
  owner: Owner,
  mode: number,
): number {
  if (name === "..") throw invalidArgument(`cannot make a directory at "${path}"`);
  try {
    mkdir(name, mode, parent);
  } catch (error) {
    if (!isErrno(error, Errno.EEXIST)) throw error;
    throw invalidArgument(`cannot make the directory "${path}": a dangling symlink is there`);
  }
  const fd = openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
  lchown(placeOf(fd, "."), owner.uid, owner.gid);
  chmod(placeOf(fd, "."), mode);
  return fd;
}

/** A path to what lies in an open directory. */
const placeOf = (directory: number, name: string): string => `/proc/self/fd/${directory}/${name}`;

const ROOT: Owner = { uid: 0, gid: 0 };

class FileWriter {
  readonly #root: number;
  readonly #destination: string;
  readonly #tree: SourceTree;
  readonly #options: WriteOptions;
  #directory: { path: string; fd: number } | undefined;
  readonly #times: [path: string, item: CopyItem][] = [];

  constructor(root: number, destination: string, tree: SourceTree, options: WriteOptions) {
    this.#root = root;
    this.#destination = destination;
    this.#tree = tree;
    this.#options = options;
  }

  async write(item: CopyItem): Promise<void> {
    const path = joinPath(this.#destination, item.to);
    if (item.entry.type === "directory") return this.#directoryItem(path, item);
    const slash = path.lastIndexOf("/");
    const directory = this.#enter(path.slice(0, Math.max(0, slash)));
    const name = path.slice(slash + 1);
    const existing = lstatIfAny(name, directory);
    if (existing !== undefined) {
      if (isDirectory(existing))
        throw invalidArgument(`cannot copy a file to the directory /${path}`);
      unlink(name, directory);
    }
    if (item.entry.type === "symlink") this.#symlink(directory, name, item);
    else await this.#file(directory, name, item);
  }

  /** Times of directories, which everything that was put into them has changed. */
  finish(): void {
    for (const [path, { entry }] of this.#times) {
      const fd = openInRoot(this.#root, path === "" ? "." : path, O_PATH | constants.O_DIRECTORY);
      try {
        setTimes(placeOf(fd, "."), entry.modified);
      } finally {
        close(fd);
      }
    }
  }

  close(): void {
    if (this.#directory !== undefined) close(this.#directory.fd);
    this.#directory = undefined;
  }

  #enter(path: string): number {
    if (this.#directory?.path === path) return this.#directory.fd;
    const fd = enterDirectory(this.#root, path, this.#options.owner ?? ROOT);
    this.close();
    this.#directory = { path, fd };
    return fd;
  }

  #directoryItem(path: string, item: CopyItem): void {
    const existing = openDirectory(this.#root, path === "" ? "." : path);
    if (existing !== undefined) {
      try {
        this.#checkNoLink(path, item);
        if (!item.implied) this.#describe(path, existing, item);
      } finally {
        close(existing);
      }
      return;
    }
    this.#describe(path, this.#enter(path), item);
  }

  /** A directory below the destination is no place to be led elsewhere. */
  #checkNoLink(path: string, item: CopyItem): void {
    if (item.to === "") return;
    const slash = path.lastIndexOf("/");
    const parent = this.#enter(path.slice(0, Math.max(0, slash)));
    const status = lstatIfAny(path.slice(slash + 1), parent);
    if (status !== undefined && !isDirectory(status)) {
      throw invalidArgument(`cannot copy to non-directory: /${path}`);
    }
  }

  #describe(path: string, fd: number, item: CopyItem): void {
    const { entry } = item;
    const { uid, gid } = this.#options.owner ?? entry;
    const place = placeOf(fd, ".");
    lchown(place, uid, gid);
    chmod(place, this.#mode(item));
    this.#xattrs(item.from, place);
    this.#times.push([path, item]);
  }

  #symlink(directory: number, name: string, { entry }: CopyItem): void {
    symlink(entry.target, name, directory);
    const { uid, gid } = this.#options.owner ?? entry;
    lchown(placeOf(directory, name), uid, gid);
    setTimes(placeOf(directory, name), entry.modified);
  }

  async #file(directory: number, name: string, item: CopyItem): Promise<void> {
    const { entry, from } = item;
    const location = this.#tree.location(from);
    const source = open(location, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      const target = open(name, flags, 0o600, directory);
      try {
        await this.#copy(source, target);
        const { uid, gid } = this.#options.owner ?? entry;
        // In this order: a change of owner takes set-id bits and capabilities away.
        fchown(target, uid, gid);
        fchmod(target, this.#mode(item));
        this.#xattrs(from, placeOf(directory, name));
        setTimesOf(target, entry.modified);
      } finally {
        close(target);
      }
    } finally {
      close(source);
    }
  }

  async #copy(source: number, target: number): Promise<void> {
    const { size } = fstat(source);
    for (let position = 0; position < size; position += PIECE) {
      this.#options.signal.throwIfAborted();
      copyRange(source, position, target, Math.min(PIECE, size - position));
      await letOthersWork();
    }
  }

  #mode({ entry }: CopyItem): number {
    return this.#options.mode?.(entry.mode, entry.type === "directory") ?? entry.mode;
  }

  #xattrs(from: string, place: string): void {
    if (!this.#tree.hasXattrs) return;
    const source = this.#tree.location(from);
    for (const name of listXattrs(source)) {
      if (/^(?:trusted|user)\.overlay\./.test(name)) continue;
      const value = getXattr(source, name);
      if (value !== undefined) copyXattr(place, name, value);
    }
  }
}

function copyXattr(place: string, name: string, value: Uint8Array): void {
  try {
    setXattr(place, name, value);
  } catch (error) {
    // Labels of the host's security modules, and what the file system cannot hold.
    if (!isErrno(error, Errno.ENOTSUP, Errno.EPERM)) throw error;
  }
}
