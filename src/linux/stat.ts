import { FFIType } from "bun:ffi";
import { Errno, errno, SyscallError } from "./errno.ts";
import { AT_FDCWD, type Timestamp } from "./file.ts";
import { bindLibc, struct } from "./libc.ts";
import { type PathBytes, pathText, toPathBytes } from "./path-bytes.ts";

/** What statx(2) tells, in plain numbers. */
export interface Status {
  /** With the type bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly inode: number;
  readonly links: number;
  /** 512-byte units in use. */
  readonly blocks: number;
  readonly modified: Timestamp;
  readonly changed: Timestamp;
  /** Of a device node. */
  readonly major: number;
  readonly minor: number;
  /** `major:minor` of the file system, one number. */
  readonly device: number;
  /** Is a mount attached right here? Kernel 5.8 and later; false before. */
  readonly mountRoot: boolean;
}

export const FileType = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

export const isDirectory = (status: Status): boolean =>
  (status.mode & FileType.mask) === FileType.directory;

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;

const { i32, u32, ptr } = FFIType;
const libc = bindLibc({ statx: { args: [i32, ptr, i32, u32, ptr], returns: i32 } });
const buffer = struct(256); // struct statx of linux/stat.h
const empty = new Uint8Array(new ArrayBuffer(1));

/** Looks at the path itself, not through a symlink at its end. */
export function lstat(path: PathBytes, directory = AT_FDCWD): Status {
  return statx(directory, toPathBytes(path), AT_SYMLINK_NOFOLLOW, path);
}

/** Like `lstat`, but `undefined` where there is nothing (ENOENT, ENOTDIR). */
export function lstatIfAny(path: PathBytes, directory = AT_FDCWD): Status | undefined {
  const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (libc.statx(directory, toPathBytes(path), flags, STATX_BASIC_STATS, buffer.bytes) === 0) {
    return decode();
  }
  const number = errno();
  if (number === Errno.ENOENT || number === Errno.ENOTDIR) return undefined;
  throw new SyscallError("statx", number, pathText(path));
}

/** Of an open descriptor, O_PATH too. */
export function fstat(fd: number): Status {
  return statx(fd, empty, AT_EMPTY_PATH, undefined);
}

function statx(
  directory: number,
  bytes: Uint8Array,
  flags: number,
  path: PathBytes | undefined,
): Status {
  const all = flags | AT_NO_AUTOMOUNT;
  if (libc.statx(directory, bytes, all, STATX_BASIC_STATS, buffer.bytes) !== 0) {
    throw new SyscallError("statx", errno(), path === undefined ? undefined : pathText(path));
  }
  return decode();
}

function decode(): Status {
  const { view } = buffer;
  const u64 = (at: number) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  const time = (at: number): Timestamp => ({
    seconds: view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32,
    nanoseconds: view.getUint32(at + 8, true),
  });
  const MOUNT_ROOT = 0x2000;
  return {
    mode: view.getUint16(28, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    size: u64(40),
    inode: u64(32),
    links: view.getUint32(16, true),
    blocks: u64(48),
    modified: time(112),
    changed: time(96),
    major: view.getUint32(128, true),
    minor: view.getUint32(132, true),
    device: view.getUint32(136, true) * 2 ** 20 + view.getUint32(140, true),
    mountRoot: (view.getUint32(8, true) & MOUNT_ROOT) !== 0,
  };
}
