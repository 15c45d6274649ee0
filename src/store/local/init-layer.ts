import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { chmod, close, lchown, openInRoot, rename, setTimes, symlink } from "../../linux/file.ts";
import {
  ensureDirectoryInRoot,
  ensureFileInRoot,
  locateInRoot,
  openRoot,
} from "../../linux/in-root.ts";
import { unmount } from "../../linux/mount.ts";
import { mountOverlay } from "../../linux/overlay.ts";
import { fstat, isDirectory, lstat, lstatIfAny } from "../../linux/stat.ts";

const O_PATH = 0o10000000;
const DIRECTORIES = ["/dev/pts", "/dev/shm", "/proc", "/sys", "/etc"];
const FILES = ["/.dockerenv", "/dev/console", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

/** Lower directories of a stack, lowest first: each layer's `diff`. */
type Stack = readonly string[];

/**
 * Makes a layer that lies between an image and the writable directories of its containers: the mount points
 * and files that every container gets. It is made through an overlay over the image, so that directories
 * that it shares with the image keep their owner and mode, and symlinks of the image are respected. Made
 * once per image, kept beside its top layer.
 */
export function ensureInitLayer(directory: string, stack: Stack): string {
  const init = join(directory, "init");
  if (lstatIfAny(init) !== undefined) return init;
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const work = join(directory, ".init");
  clear(work);
  for (const name of ["upper", "work", "root"]) mkdirSync(join(work, name), { recursive: true });
  copyRoot(stack.at(-1), join(work, "upper"));
  if (stack.length === 0) fill(join(work, "upper"));
  else fillThroughOverlay(work, stack);
  rename(join(work, "upper"), init);
  rmSync(work, { recursive: true, force: true });
  return init;
}

function clear(work: string): void {
  unmount(join(work, "root"), { detach: true });
  rmSync(work, { recursive: true, force: true });
}

function fillThroughOverlay(work: string, stack: Stack): void {
  const target = join(work, "root");
  const lower = stack.toReversed();
  mountOverlay({ target, lower, upper: join(work, "upper"), work: join(work, "work") });
  try {
    fill(target);
  } finally {
    unmount(target);
  }
}

function fill(tree: string): void {
  const root = openRoot(tree);
  try {
    for (const path of DIRECTORIES) unlessInTheWay(() => ensureDirectoryInRoot(root, path));
    for (const path of FILES) unlessInTheWay(() => ensureFileInRoot(root, path, 0o755));
    unlessInTheWay(() => ensureMtab(root));
  } finally {
    close(root);
  }
}

/** An image may have a dangling symlink or a file there: then the runtime finds its own way, or says why not. */
function unlessInTheWay(make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!isErrno(error, Errno.ENOENT, Errno.EEXIST, Errno.ENOTDIR, Errno.ELOOP)) throw error;
  }
}

function ensureMtab(root: number): void {
  const directory = openInRoot(root, "/etc", O_PATH);
  try {
    if (lstatIfAny("mtab", directory) === undefined) symlink("/proc/mounts", "mtab", directory);
  } finally {
    close(directory);
  }
}

/** The root of a mount has the attributes of its topmost directory. */
export function copyRoot(from: string | undefined, to: string): void {
  if (from === undefined) return;
  const { mode, uid, gid } = lstat(from);
  chownSync(to, uid, gid);
  chmodSync(to, mode & 0o7777);
}

/**
 * Some builders leave out directories that a layer shares with its parents. Unpacked alone such a directory
 * would hide the owner and mode of the one below it: they are taken over as soon as the stack is whole,
 * before anything is mounted on it.
 */
export function describeImplied(layer: string, below: Stack): void {
  const list = join(layer, "implied.json");
  if (lstatIfAny(list) === undefined) return;
  const paths = JSON.parse(readFileSync(list, "utf8")) as string[];
  for (const path of paths) copyFromBelow(join(layer, "diff"), path, below);
  rmSync(list);
}

function copyFromBelow(diff: string, path: string, below: Stack): void {
  for (const lower of below.toReversed()) {
    const root = openRoot(lower);
    const source = path === "" ? root : locateInRoot(root, path);
    try {
      if (source === undefined) continue;
      const status = fstat(source);
      if (!isDirectory(status)) return;
      const target = path === "" ? diff : join(diff, path);
      lchown(target, status.uid, status.gid);
      chmod(target, status.mode & 0o7777);
      setTimes(target, status.modified);
      return;
    } finally {
      if (source !== undefined && source !== root) close(source);
      close(root);
    }
  }
}
