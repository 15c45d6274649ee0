import { FFIType } from "bun:ffi";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { check } from "./errno.ts";
import { bindLibc, cString, struct } from "./libc.ts";

const libc = bindLibc({
  syscall: {
    args: [FFIType.i64_fast, FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.i64_fast],
    returns: FFIType.i32,
  },
});

/** The same number on every architecture (asm-generic). */
const SYS_OPENAT2 = 437;
/** `struct open_how`: u64 flags, u64 mode, u64 resolve. */
const OPEN_HOW_SIZE = 24;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;

/**
 * Opens a file below a root that someone else may be changing: symbolic links, `..` and absolute targets
 * stay inside, openat2(2) RESOLVE_IN_ROOT. Never blocks on a FIFO. The caller closes.
 */
export function openInRoot(root: string, path: string, flags: number): number {
  const directory = openSync(root, constants.O_DIRECTORY | constants.O_RDONLY);
  try {
    const { bytes, view } = struct(OPEN_HOW_SIZE);
    const cloexec = 0o2000000;
    view.setBigUint64(0, BigInt(flags | cloexec), true);
    view.setBigUint64(16, BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), true);
    const fd = libc.syscall(SYS_OPENAT2, directory, cString(path), bytes, OPEN_HOW_SIZE);
    return check(fd, "openat2", path);
  } finally {
    closeSync(directory);
  }
}

/** The text of a regular file below a root of someone else; longer than `maxBytes` or no file: throws. */
export function readFileInRoot(root: string, path: string, maxBytes: number): string {
  const fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const { size, isFile } = { size: fstatSync(fd).size, isFile: fstatSync(fd).isFile() };
    if (!isFile) throw new Error(`Cannot read "${path}": not a regular file`);
    if (size > maxBytes) throw new Error(`Cannot read "${path}": larger than ${maxBytes} bytes`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}
