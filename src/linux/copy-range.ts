import { FFIType } from "bun:ffi";
import { Errno, errno, SyscallError } from "./errno.ts";
import { writeAll } from "./file.ts";
import { bindLibc, struct } from "./libc.ts";

// Numbers, not BigInts: making one may collect garbage, and what that looks up (limits of memory, in a root that
// has no /proc) leaves an errno of its own.
const libc = bindLibc({
  copy_file_range: {
    args: [FFIType.i32, FFIType.ptr, FFIType.i32, FFIType.ptr, FFIType.u64_fast, FFIType.u32],
    returns: FFIType.i64_fast,
  },
  sendfile: {
    args: [FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u64_fast],
    returns: FFIType.i64_fast,
  },
  pread: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64_fast, FFIType.i64_fast],
    returns: FFIType.i64_fast,
  },
});

const UNSUPPORTED = new Set<number>([Errno.EXDEV, Errno.EINVAL, Errno.ENOSYS, Errno.ENOTSUP]);
const BUFFER = 256 * 1024;

/** pread(2): bytes from a position of a file; 0 at its end. */
export function readAt(fd: number, into: Uint8Array, position: number): number {
  for (;;) {
    const count = Number(libc.pread(fd, into, into.length, position));
    if (count >= 0) return count;
    if (errno() !== Errno.EINTR) throw new SyscallError("pread", errno());
  }
}

/**
 * Copies a range of one file to the current position of another: copy_file_range(2), by which the kernel
 * copies, or shares blocks where the file system can; else, between file systems, by sendfile(2), or by
 * reading and writing where that is not worth it. Returns the bytes copied, fewer than `length` only where
 * the file ends before.
 */
export function copyRange(from: number, position: number, to: number, length: number): number {
  const offset = struct(8);
  offset.view.setBigInt64(0, BigInt(position), true);
  let copied = 0;
  while (copied < length) {
    const count = Number(libc.copy_file_range(from, offset.bytes, to, null, length - copied, 0));
    if (count > 0) copied += count;
    else if (count === 0) return copied;
    else {
      const number = errno();
      if (UNSUPPORTED.has(number)) {
        return copied + copyAcross(from, position + copied, to, length - copied);
      }
      if (number !== Errno.EINTR) throw new SyscallError("copy_file_range", number);
    }
  }
  return copied;
}

function copyAcross(from: number, position: number, to: number, length: number): number {
  if (length <= BUFFER) return copyByHand(from, position, to, length);
  const offset = struct(8);
  offset.view.setBigInt64(0, BigInt(position), true);
  let copied = 0;
  while (copied < length) {
    const count = Number(libc.sendfile(to, from, offset.bytes, length - copied));
    if (count > 0) copied += count;
    else if (count === 0) return copied;
    else {
      const number = errno();
      if (UNSUPPORTED.has(number)) {
        return copied + copyByHand(from, position + copied, to, length - copied);
      }
      if (number !== Errno.EINTR) throw new SyscallError("sendfile", number);
    }
  }
  return copied;
}

function copyByHand(from: number, position: number, to: number, length: number): number {
  const buffer = new Uint8Array(new ArrayBuffer(Math.min(length, BUFFER)));
  let copied = 0;
  while (copied < length) {
    const count = readAt(from, buffer.subarray(0, length - copied), position + copied);
    if (count === 0) return copied;
    writeAll(to, buffer.subarray(0, count));
    copied += count;
  }
  return copied;
}
