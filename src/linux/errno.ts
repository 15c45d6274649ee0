import { dlopen, FFIType, type Pointer, read } from "bun:ffi";

/** Numbers from asm-generic/errno-base.h and errno.h that Berth acts upon or names. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EPROTONOSUPPORT: 93,
  ENOTSUP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
} as const;

const NAMES = new Map<number, string>(Object.entries(Errno).map(([name, code]) => [code, name]));

const { symbols } = dlopen("libc.so.6", {
  __errno_location: { args: [], returns: FFIType.ptr },
  strerror: { args: [FFIType.i32], returns: FFIType.cstring },
});

// errno's address is fixed for the life of a thread; Bun runs one JavaScript context per thread.
const errnoLocation = symbols.__errno_location() as Pointer;

/** errno of the calling thread; read it right after the failing call, before anything else. */
export function errno(): number {
  return read.i32(errnoLocation, 0);
}

/** A failed system call: `mount: Permission denied (EACCES) "/x"`. */
export class SyscallError extends Error {
  readonly syscall: string;
  readonly errno: number;
  /** `ENOENT`, or `errno 133` for one that has no name here. */
  readonly code: string;
  readonly path: string | undefined;

  constructor(syscall: string, number: number, path?: string) {
    const code = NAMES.get(number) ?? `errno ${number}`;
    const subject = path === undefined ? "" : ` "${path}"`;
    super(`${syscall}${subject}: ${String(symbols.strerror(number))} (${code})`);
    this.name = "SyscallError";
    this.syscall = syscall;
    this.errno = number;
    this.code = code;
    this.path = path;
  }
}

/** Passes a result through, or throws with the errno of the call that has just returned -1. */
export function check(result: number, syscall: string, path?: string): number {
  if (result < 0) throw new SyscallError(syscall, errno(), path);
  return result;
}

/** Is this a failure of a system call with one of these numbers? Node's errors count too. */
export function isErrno(error: unknown, ...numbers: number[]): boolean {
  if (error instanceof SyscallError) return numbers.includes(error.errno);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && numbers.some((number) => NAMES.get(number) === code);
}
