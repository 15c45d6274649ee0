import { FFIType } from "bun:ffi";
import { close as closeOnOtherThread } from "node:fs";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { open } from "./file.ts";
import { bindLibc, cString } from "./libc.ts";

/** Flags of mount(2) (linux/mount.h). */
export const MountFlag = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDevices: 0x4,
  noExec: 0x8,
  synchronous: 0x10,
  remount: 0x20,
  directorySynchronous: 0x80,
  noAccessTime: 0x400,
  noDirectoryAccessTime: 0x800,
  bind: 0x1000,
  move: 0x2000,
  recursive: 0x4000,
  unbindable: 0x20000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
  relativeAccessTime: 0x200000,
  strictAccessTime: 0x1000000,
} as const;

export type Propagation = "private" | "slave" | "shared" | "unbindable";

const { i32, u64_fast, ptr } = FFIType;
const libc = bindLibc({
  mount: { args: [ptr, ptr, ptr, u64_fast, ptr], returns: i32 },
  umount2: { args: [ptr, i32], returns: i32 },
});

const optional = (text: string | undefined) => (text === undefined ? null : cString(text));

/** mount(2) as it is. */
export function mount(
  source: string | undefined,
  target: string,
  type: string | undefined,
  flags: number,
  data?: string,
): void {
  const result = libc.mount(
    optional(source),
    cString(target),
    optional(type),
    flags,
    optional(data),
  );
  check(result, "mount", target);
}

export interface BindOptions {
  /** With the mounts below the source. */
  recursive?: boolean;
  /** The mount itself; mounts below it stay as they are. */
  readonly?: boolean;
  propagation?: Propagation;
}

/** Makes `source` (directory or file) appear at `target`, which exists and is of the same kind. */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const recursive = options.recursive === true ? MountFlag.recursive : 0;
  mount(source, target, undefined, MountFlag.bind | recursive);
  try {
    if (options.propagation !== undefined) setPropagation(target, options.propagation);
    if (options.readonly === true) makeReadOnly(target);
  } catch (error) {
    unmount(target, { detach: true });
    throw error;
  }
}

/** Makes a bind mount read-only; the flag takes effect in a remount only (mount(2)). */
export function makeReadOnly(target: string): void {
  mount(undefined, target, undefined, MountFlag.bind | MountFlag.remount | MountFlag.readOnly);
}

export function setPropagation(target: string, propagation: Propagation, recursive = false): void {
  const flags = MountFlag[propagation] | (recursive ? MountFlag.recursive : 0);
  mount(undefined, target, undefined, flags);
}

export function mountTmpfs(target: string, options: string, flags = 0): void {
  mount("tmpfs", target, "tmpfs", flags, options);
}

/**
 * umount2(2), symlinks not followed. `detach` takes the mount out of the tree now and frees it when the
 * last user is gone. False when nothing was mounted there.
 */
export function unmount(target: string, options: { detach?: boolean } = {}): boolean {
  const MNT_DETACH = 2;
  const UMOUNT_NOFOLLOW = 8;
  const flags = UMOUNT_NOFOLLOW | (options.detach === true ? MNT_DETACH : 0);
  if (libc.umount2(cString(target), flags) === 0) return true;
  const number = errno();
  if (number === Errno.EINVAL || number === Errno.ENOENT) return false;
  throw new SyscallError("umount", number, target);
}

/**
 * Takes a mount out of the tree at once. The write-back that comes with the end of its file system happens
 * on another thread: an open descriptor holds the mount until it is closed there. False when nothing was
 * mounted at `target`.
 */
export function unmountInBackground(target: string): boolean {
  const O_PATH = 0o10000000;
  const fd = open(target, O_PATH);
  const unmounted = unmount(target, { detach: true });
  closeOnOtherThread(fd, () => undefined);
  return unmounted;
}
