import { FFIType } from "bun:ffi";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { bindLibc, struct } from "./libc.ts";

/** What a non-blocking read or write returns when it would have to wait. */
export const WOULD_BLOCK = -1;

const { i32, u32, ptr, i64, i64_fast } = FFIType;
const libc = bindLibc({
  read: { args: [i32, ptr, i64_fast], returns: i64_fast },
  write: { args: [i32, ptr, i64_fast], returns: i64_fast },
  pread: { args: [i32, ptr, i64_fast, i64], returns: i64_fast },
  pwrite: { args: [i32, ptr, i64_fast, i64], returns: i64_fast },
  splice: { args: [i32, ptr, i32, ptr, i64_fast, u32], returns: i64_fast },
  fallocate: { args: [i32, i32, i64, i64], returns: i32 },
  ftruncate: { args: [i32, i64], returns: i32 },
  fcntl: { args: [i32, i32, i64], returns: i32 },
});

const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;

/**
 * read(2) on a non-blocking descriptor: the number of bytes, 0 at the end, or `WOULD_BLOCK`. The hang-up
 * of a pty, which Linux reports as EIO, is the end too.
 */
export function readAvailable(fd: number, into: Uint8Array, length = into.length): number {
  for (;;) {
    const count = Number(libc.read(fd, into, length));
    if (count >= 0) return count;
    const number = errno();
    if (number === Errno.EAGAIN) return WOULD_BLOCK;
    if (number === Errno.EIO) return 0;
    if (number !== Errno.EINTR) throw new SyscallError("read", number);
  }
}

/** write(2) on a non-blocking descriptor: the number of bytes taken, or `WOULD_BLOCK`. */
export function writeAvailable(fd: number, bytes: Uint8Array): number {
  for (;;) {
    const count = Number(libc.write(fd, bytes, bytes.length));
    if (count >= 0) return count;
    const number = errno();
    if (number === Errno.EAGAIN) return WOULD_BLOCK;
    if (number !== Errno.EINTR) throw new SyscallError("write", number);
  }
}

/** pread(2) of a regular file until `length` bytes or its end. */
export function readAt(fd: number, into: Uint8Array, length: number, offset: number): number {
  let done = 0;
  while (done < length) {
    const target = done === 0 ? into : into.subarray(done);
    const count = Number(libc.pread(fd, target, length - done, offset + done));
    if (count === 0) break;
    if (count > 0) done += count;
    else if (errno() !== Errno.EINTR) throw new SyscallError("pread", errno());
  }
  return done;
}

/** pwrite(2) of everything. On a failure (ENOSPC …) part of it may have been written. */
export function writeAt(fd: number, bytes: Uint8Array, length: number, offset: number): void {
  let done = 0;
  while (done < length) {
    const source = done === 0 ? bytes : bytes.subarray(done);
    const count = Number(libc.pwrite(fd, source, length - done, offset + done));
    if (count > 0) done += count;
    else if (errno() !== Errno.EINTR) throw new SyscallError("pwrite", errno());
  }
}

const spliceOffset = struct(8);

/**
 * splice(2) from a pipe into a regular file at `offset`, without waiting: bytes moved, 0 when the pipe has
 * ended, or `WOULD_BLOCK`. The kernel takes from the pipe exactly what it has put into the file, also
 * when the process is killed meanwhile.
 */
export function spliceToFile(pipe: number, file: number, offset: number, length: number): number {
  const SPLICE_F_MOVE_NONBLOCK = 1 | 2;
  for (;;) {
    spliceOffset.view.setBigInt64(0, BigInt(offset), true);
    const count = Number(
      libc.splice(pipe, null, file, spliceOffset.bytes, length, SPLICE_F_MOVE_NONBLOCK),
    );
    if (count >= 0) return count;
    const number = errno();
    if (number === Errno.EAGAIN) return WOULD_BLOCK;
    if (number !== Errno.EINTR) throw new SyscallError("splice", number);
  }
}

/** Gives the disk space of a range back; the file's size and offsets stay. */
export function punchHole(fd: number, offset: number, length: number): void {
  const KEEP_SIZE_PUNCH_HOLE = 1 | 2;
  check(libc.fallocate(fd, KEEP_SIZE_PUNCH_HOLE, offset, length), "fallocate");
}

/** Sets disk space aside for what is written below `length`; the file's size stays. */
export function reserve(fd: number, length: number): void {
  const KEEP_SIZE = 1;
  check(libc.fallocate(fd, KEEP_SIZE, 0, length), "fallocate");
}

export function truncate(fd: number, length: number): void {
  check(libc.ftruncate(fd, length), "ftruncate");
}

export function setNonBlocking(fd: number): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), "fcntl");
  check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), "fcntl");
}

/** Whether the descriptor is closed by the next execve. */
export function setCloseOnExec(fd: number, close: boolean): void {
  const flags = check(libc.fcntl(fd, F_GETFD, 0), "fcntl");
  const kept = flags & ~FD_CLOEXEC;
  check(libc.fcntl(fd, F_SETFD, close ? kept | FD_CLOEXEC : kept), "fcntl");
}

/** A duplicate that is at least `minimum`, close-on-exec. */
export function duplicateAbove(fd: number, minimum: number): number {
  return check(libc.fcntl(fd, F_DUPFD_CLOEXEC, minimum), "fcntl");
}

/** Sets a pipe's capacity; false where the system's limit refuses it. */
export function setPipeSize(fd: number, bytes: number): boolean {
  return libc.fcntl(fd, F_SETPIPE_SZ, bytes) >= 0;
}
