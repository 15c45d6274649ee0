import { FFIType, ptr as ptrOf } from "bun:ffi";
import { constants } from "node:fs";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { bindLibc, struct } from "./libc.ts";
import { type PathBytes, pathText, toPathBytes } from "./path-bytes.ts";

/** Stands for the working directory in the `…at` calls (fcntl.h). */
export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const SYS_OPENAT2 = 437; // the same on every architecture
const SYS_MKNODAT = process.arch === "arm64" ? 33 : 259;
const MAX_COUNT = 0x40000000;

const { i32, u32, ptr, i64_fast } = FFIType;
const libc = bindLibc({
  openat: { args: [i32, ptr, i32, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
  read: { args: [i32, ptr, i64_fast], returns: i64_fast },
  write: { args: [i32, ptr, i64_fast], returns: i64_fast },
  pwrite: { args: [i32, ptr, i64_fast, i64_fast], returns: i64_fast },
  ftruncate: { args: [i32, i64_fast], returns: i32 },
  poll: { args: [ptr, u32, i32], returns: i32 },
  mkdirat: { args: [i32, ptr, u32], returns: i32 },
  unlinkat: { args: [i32, ptr, i32], returns: i32 },
  symlinkat: { args: [ptr, i32, ptr], returns: i32 },
  linkat: { args: [i32, ptr, i32, ptr, i32], returns: i32 },
  fchmod: { args: [i32, u32], returns: i32 },
  chmod: { args: [ptr, u32], returns: i32 },
  fchown: { args: [i32, u32, u32], returns: i32 },
  lchown: { args: [ptr, u32, u32], returns: i32 },
  utimensat: { args: [i32, ptr, ptr, i32], returns: i32 },
  futimens: { args: [i32, ptr], returns: i32 },
  readlinkat: { args: [i32, ptr, ptr, i64_fast], returns: i64_fast },
  renameat2: { args: [i32, ptr, i32, ptr, u32], returns: i32 },
  flock: { args: [i32, i32], returns: i32 },
  syncfs: { args: [i32], returns: i32 },
  syscall: { args: [i64_fast, i32, ptr, i64_fast, i64_fast], returns: i64_fast },
});
const openat2 = bindLibc({
  syscall: { args: [i64_fast, i32, ptr, ptr, i64_fast], returns: i64_fast },
}).syscall;

const SYS_PREADV2 = process.arch === "arm64" ? 286 : 327;
const preadv2 = bindLibc({
  syscall: { args: [i64_fast, i32, ptr, i32, i64_fast, i64_fast, i32], returns: i64_fast },
}).syscall;

const pathCheck = (result: number, syscall: string, path: PathBytes): number => {
  if (result < 0) throw new SyscallError(syscall, errno(), pathText(path));
  return result;
};

/** open(2), always close-on-exec. `flags` are `node:fs` constants, which fit the architecture. */
export function open(path: PathBytes, flags: number, mode = 0, directory = AT_FDCWD): number {
  const O_CLOEXEC = 0o2000000;
  return pathCheck(
    libc.openat(directory, toPathBytes(path), flags | O_CLOEXEC, mode),
    "open",
    path,
  );
}

const openHow = struct(24); // struct open_how of linux/openat2.h: flags, mode, resolve

/**
 * openat2(2) with RESOLVE_IN_ROOT: the path, its symlinks and its `..` are resolved as if `directory` (an
 * open descriptor) were the root, by the kernel, without a race. Close-on-exec.
 */
export function openInRoot(directory: number, path: PathBytes, flags: number, mode = 0): number {
  const RESOLVE_NO_MAGICLINKS = 0x02;
  const RESOLVE_IN_ROOT = 0x10;
  openHow.view.setBigUint64(0, BigInt(flags | 0o2000000), true);
  openHow.view.setBigUint64(8, BigInt(mode), true);
  openHow.view.setBigUint64(16, BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), true);
  const result = openat2(SYS_OPENAT2, directory, toPathBytes(path), openHow.bytes, 24);
  return pathCheck(Number(result), "openat2", path);
}

export function close(fd: number): void {
  libc.close(fd);
}

/** read(2); 0 at the end. Restarts when a signal interrupts. */
export function read(fd: number, into: Uint8Array, length = into.length): number {
  for (;;) {
    const count = Number(libc.read(fd, into, length));
    if (count >= 0) return count;
    const number = errno();
    if (number === Errno.EAGAIN) waitFor(fd, 0x001);
    else if (number !== Errno.EINTR) throw new SyscallError("read", number);
  }
}

const cachedVector = struct(16); // struct iovec: base, length

/**
 * What of a regular file is in the page cache, from `position` on (preadv2(2) with RWF_NOWAIT): it never
 * waits for a disk. Returns the bytes read, 0 where none is there or the file system cannot tell.
 */
export function readCached(fd: number, into: Uint8Array, position: number): number {
  const RWF_NOWAIT = 8;
  cachedVector.view.setBigUint64(0, BigInt(ptrOf(into)), true);
  cachedVector.view.setBigUint64(8, BigInt(into.length), true);
  const count = preadv2(SYS_PREADV2, fd, cachedVector.bytes, 1, position, 0, RWF_NOWAIT);
  return Math.max(0, Number(count));
}

/** Writes everything; waits where the descriptor is non-blocking and full. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) {
    const count = Number(libc.write(fd, rest, Math.min(rest.length, MAX_COUNT)));
    if (count > 0) {
      if (count === rest.length) return;
      rest = rest.subarray(count);
      continue;
    }
    const number = errno();
    if (number === Errno.EAGAIN) waitFor(fd, 0x004);
    else if (number !== Errno.EINTR) throw new SyscallError("write", number);
  }
}

/** Writes everything at an offset of a regular file. */
export function writeAt(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    const rest = bytes.subarray(done);
    const count = Number(libc.pwrite(fd, rest, rest.length, position + done));
    done += Math.max(check(count, "pwrite"), 0);
  }
}

/** Cuts a file or lengthens it with a hole. */
export function truncate(fd: number, size: number): void {
  check(libc.ftruncate(fd, size), "ftruncate");
}

function waitFor(fd: number, events: number): void {
  const { bytes, view } = struct(8); // struct pollfd
  view.setInt32(0, fd, true);
  view.setInt16(4, events, true);
  libc.poll(bytes, 1, -1);
}

export function mkdir(path: PathBytes, mode: number, directory = AT_FDCWD): void {
  pathCheck(libc.mkdirat(directory, toPathBytes(path), mode), "mkdir", path);
}

export function unlink(path: PathBytes, directory = AT_FDCWD): void {
  pathCheck(libc.unlinkat(directory, toPathBytes(path), 0), "unlink", path);
}

export function rmdir(path: PathBytes, directory = AT_FDCWD): void {
  pathCheck(libc.unlinkat(directory, toPathBytes(path), AT_REMOVEDIR), "rmdir", path);
}

export function symlink(target: PathBytes, path: PathBytes, directory = AT_FDCWD): void {
  const result = libc.symlinkat(toPathBytes(target), directory, toPathBytes(path));
  pathCheck(result, "symlink", path);
}

/** A hard link to the file itself, also where that is a symlink. */
export function link(existing: PathBytes, path: PathBytes): void {
  const result = libc.linkat(AT_FDCWD, toPathBytes(existing), AT_FDCWD, toPathBytes(path), 0);
  pathCheck(result, "link", path);
}

/** `mode` with the type bits (S_IFCHR …). */
export function mknod(path: PathBytes, mode: number, major = 0, minor = 0): void {
  const device = makeDevice(major, minor);
  const result = libc.syscall(SYS_MKNODAT, AT_FDCWD, toPathBytes(path), mode, device);
  pathCheck(Number(result), "mknod", path);
}

/** A device number as mknod(2) takes it: 32 bits in the kernel (new_encode_dev). */
export function makeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export function fchmod(fd: number, mode: number): void {
  check(libc.fchmod(fd, mode), "fchmod");
}

export function chmod(path: PathBytes, mode: number): void {
  pathCheck(libc.chmod(toPathBytes(path), mode), "chmod", path);
}

export function fchown(fd: number, uid: number, gid: number): void {
  check(libc.fchown(fd, uid, gid), "fchown");
}

export function lchown(path: PathBytes, uid: number, gid: number): void {
  pathCheck(libc.lchown(toPathBytes(path), uid, gid), "lchown", path);
}

export interface Timestamp {
  /** Since the epoch; may be negative. */
  readonly seconds: number;
  /** 0 … 999,999,999. */
  readonly nanoseconds: number;
}

const timespecs = struct(32);

function fillTimes({ seconds, nanoseconds }: Timestamp): void {
  for (const offset of [0, 16]) {
    timespecs.view.setBigInt64(offset, BigInt(seconds), true);
    timespecs.view.setInt32(offset + 8, nanoseconds, true);
  }
}

/** Sets access and modification time of the path itself, a symlink too. */
export function setTimes(path: PathBytes, time: Timestamp): void {
  fillTimes(time);
  const bytes = toPathBytes(path);
  pathCheck(
    libc.utimensat(AT_FDCWD, bytes, timespecs.bytes, AT_SYMLINK_NOFOLLOW),
    "utimensat",
    path,
  );
}

export function setTimesOf(fd: number, time: Timestamp): void {
  fillTimes(time);
  check(libc.futimens(fd, timespecs.bytes), "futimens");
}

const linkTarget = new Uint8Array(new ArrayBuffer(4097));

/** The target's bytes, a copy. */
export function readlink(path: PathBytes, directory = AT_FDCWD): Buffer {
  const length = Number(libc.readlinkat(directory, toPathBytes(path), linkTarget, 4097));
  pathCheck(length, "readlink", path);
  return Buffer.from(linkTarget.slice(0, length));
}

/** renameat2(2): `noReplace` fails with EEXIST, `exchange` swaps the two. */
export function rename(from: PathBytes, to: PathBytes, how?: "noReplace" | "exchange"): void {
  const flags = how === "noReplace" ? 1 : how === "exchange" ? 2 : 0;
  const result = libc.renameat2(AT_FDCWD, toPathBytes(from), AT_FDCWD, toPathBytes(to), flags);
  pathCheck(result, "rename", from);
}

/**
 * An exclusive flock(2) that ends with the process, however that ends. Returns its descriptor, or
 * `undefined` if somebody else has it.
 */
export function tryLock(path: string): number | undefined {
  const fd = open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const LOCK_EX_NB = 2 | 4;
  if (libc.flock(fd, LOCK_EX_NB) === 0) return fd;
  const number = errno();
  close(fd);
  if (number === Errno.EAGAIN) return undefined;
  throw new SyscallError("flock", number, path);
}

/** Writes back the file system that the descriptor is on; blocks. */
export function syncFileSystem(fd: number): void {
  check(libc.syncfs(fd), "syncfs");
}
