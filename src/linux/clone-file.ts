import { FFIType } from "bun:ffi";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { bindLibc } from "./libc.ts";

const { i32, u64, i64_fast } = FFIType;
const libc = bindLibc({
  ioctl: { args: [i32, u64, i64_fast], returns: i32 },
  lseek: { args: [i32, i64_fast, i32], returns: i64_fast },
});

/** `_IOW(0x94, 9, int)` of linux/fs.h. */
const FICLONE = 0x40049409;
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** What file systems answer that cannot share blocks, or not between these two files. */
const CANNOT_SHARE = new Set<number>([
  Errno.EXDEV,
  Errno.EINVAL,
  Errno.ENOTSUP,
  Errno.ENOTTY,
  Errno.ENOSYS,
  Errno.EPERM,
  Errno.ETXTBSY,
]);

/**
 * Gives an empty file the blocks of another one, shared until either is written to (ioctl_ficlone(2)):
 * a matter of microseconds, whatever the size. False where the file system cannot.
 */
export function shareBlocks(from: number, to: number): boolean {
  if (libc.ioctl(to, FICLONE, from) === 0) return true;
  const number = errno();
  if (CANNOT_SHARE.has(number)) return false;
  throw new SyscallError("ioctl(FICLONE)", number);
}

/** Sets the position of a descriptor. */
export function seekTo(fd: number, position: number): void {
  check(Number(libc.lseek(fd, position, SEEK_SET)), "lseek");
}

/**
 * The next piece of a file that has data, from a position on (lseek(2), SEEK_DATA and SEEK_HOLE);
 * undefined after the last. A file system without holes gives one piece. Moves the position.
 */
export function nextData(
  fd: number,
  position: number,
  size: number,
): { offset: number; length: number } | undefined {
  const offset = Number(libc.lseek(fd, position, SEEK_DATA));
  if (offset < 0) {
    const number = errno();
    if (number === Errno.ENXIO) return undefined;
    if (number !== Errno.EINVAL) throw new SyscallError("lseek", number);
    return position < size ? { offset: position, length: size - position } : undefined;
  }
  if (offset >= size) return undefined;
  const end = check(Number(libc.lseek(fd, offset, SEEK_HOLE)), "lseek");
  return { offset, length: Math.min(end, size) - offset };
}
