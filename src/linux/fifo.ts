import { FFIType } from "bun:ffi";
import { constants } from "node:fs";
import { setPipeSize } from "./descriptor.ts";
import { Errno, errno, isErrno, SyscallError } from "./errno.ts";
import { close, open } from "./file.ts";
import { bindLibc, cString } from "./libc.ts";

const libc = bindLibc({ mkfifo: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 } });

/** Makes a FIFO (mode 0600) unless it is there. */
export function ensureFifo(path: string): void {
  if (libc.mkfifo(cString(path), 0o600) === 0 || errno() === Errno.EEXIST) return;
  throw new SyscallError("mkfifo", errno(), path);
}

/** The reading end, non-blocking: it opens without a writer, and reads 0 until one has come. */
export function openFifoReader(path: string): number {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** The writing end, non-blocking; `undefined` while nobody has it open for reading. */
export function openFifoWriter(path: string): number | undefined {
  try {
    return open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, Errno.ENXIO)) return undefined;
    throw error;
  }
}

export interface FifoEnds {
  /** Non-blocking, for the supervisor. */
  ours: number;
  /** Blocking, for the process. */
  theirs: number;
}

/**
 * A FIFO for a process's output. Its end is O_RDWR, so that it neither gets SIGPIPE nor blocks in open
 * while no supervisor reads; the reader still sees the end once the last O_RDWR handle is gone.
 */
export function openOutputFifo(path: string, capacity: number): FifoEnds {
  ensureFifo(path);
  const ours = openFifoReader(path);
  setPipeSize(ours, capacity);
  return { ours, theirs: open(path, constants.O_RDWR) };
}

/** A FIFO for a process's input; its end is O_RDONLY, or it would never see the end of it. */
export function openInputFifo(path: string): FifoEnds {
  ensureFifo(path);
  const placeholder = openFifoReader(path);
  try {
    const ours = open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    return { ours, theirs: open(path, constants.O_RDONLY) };
  } finally {
    close(placeholder);
  }
}
