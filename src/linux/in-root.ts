import { constants } from "node:fs";
import { Errno, isErrno } from "./errno.ts";
import { close, mkdir, open, openInRoot } from "./file.ts";
import { bindMount, makeReadOnly } from "./mount.ts";
import { FileType, fstat } from "./stat.ts";

const O_PATH = 0o10000000;

/** Opens a directory as a root for the functions below; close it. */
export function openRoot(path: string): number {
  return open(path, O_PATH | constants.O_DIRECTORY);
}

/** A descriptor that only names the file; `undefined` where there is nothing. Symlinks are followed. */
export function locateInRoot(root: number, path: string): number | undefined {
  try {
    return openInRoot(root, path, O_PATH);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ENOTDIR)) return undefined;
    throw error;
  }
}

/** Makes a directory and its parents where they are missing; symlinks resolve in the root. */
export function ensureDirectoryInRoot(root: number, path: string, mode = 0o755): void {
  let parent = openInRoot(root, ".", O_PATH);
  let walked = "";
  try {
    for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
      walked += `/${name}`;
      const existing = locateInRoot(root, walked);
      if (existing === undefined) mkdir(name, mode, parent);
      const next = existing ?? openInRoot(root, walked, O_PATH | constants.O_DIRECTORY);
      close(parent);
      parent = next;
    }
  } finally {
    close(parent);
  }
}

/** Makes an empty file, and the directories above it, where nothing is; true if it made it. */
export function ensureFileInRoot(root: number, path: string, mode = 0o644): boolean {
  const existing = locateInRoot(root, path);
  if (existing !== undefined) {
    close(existing);
    return false;
  }
  ensureDirectoryInRoot(root, path.slice(0, path.lastIndexOf("/")));
  // Without O_EXCL a dangling symlink's target is made, inside of the root.
  close(openInRoot(root, path, constants.O_WRONLY | constants.O_CREAT, mode));
  return true;
}

/**
 * Puts a host's directory or file at a path of the tree, which is made if it is missing. With `subpath` it is
 * what stands there inside of `source`: symlinks of that part resolve in `source`.
 */
export function bindInRoot(
  root: number,
  source: string,
  target: string,
  options: { readonly?: boolean; subpath?: string } = {},
): void {
  const whole = open(source, O_PATH);
  const fd = options.subpath === undefined ? whole : openInRoot(whole, options.subpath, O_PATH);
  try {
    const directory = (fstat(fd).mode & FileType.mask) === FileType.directory;
    if (directory) ensureDirectoryInRoot(root, target);
    else ensureFileInRoot(root, target);
    const place = openInRoot(root, target, O_PATH);
    try {
      bindMount(`/proc/self/fd/${fd}`, `/proc/self/fd/${place}`, { recursive: true });
      if (options.readonly === true) remountReadOnly(root, target);
    } finally {
      close(place);
    }
  } finally {
    close(whole);
    if (fd !== whole) close(fd);
  }
}

/** The descriptor from before the mount names what lies under it. */
function remountReadOnly(root: number, target: string): void {
  const place = openInRoot(root, target, O_PATH);
  try {
    makeReadOnly(`/proc/self/fd/${place}`);
  } finally {
    close(place);
  }
}
