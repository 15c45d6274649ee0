import { FFIType } from "bun:ffi";
import { closeSync, readFileSync, writeSync } from "node:fs";
import { check } from "./errno.ts";
import { bindLibc, cString } from "./libc.ts";

const libc = bindLibc({
  memfd_create: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
});

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** SEAL | SHRINK | GROW | WRITE of fcntl(2). */
const ALL_SEALS = 15;

export interface Memfd {
  fd: number;
  /** Opens the same memory from any process of this host, while this process lives and holds it. */
  path: string;
  close(): void;
}

/** A file in memory, memfd_create(2); closed on exec. */
export function createMemfd(name: string): Memfd {
  const fd = check(
    libc.memfd_create(cString(name), MFD_CLOEXEC | MFD_ALLOW_SEALING),
    "memfd_create",
  );
  return { fd, path: `/proc/${process.pid}/fd/${fd}`, close: () => closeSync(fd) };
}

/** A copy of a file in memory that nobody can change any more: a program can run from it. */
export function sealedCopy(file: string): Memfd {
  const memfd = createMemfd(file.slice(file.lastIndexOf("/") + 1));
  try {
    const content = readFileSync(file);
    for (let written = 0; written < content.length; ) {
      written += writeSync(memfd.fd, content, written);
    }
    check(libc.fcntl(memfd.fd, F_ADD_SEALS, ALL_SEALS), "fcntl", memfd.path);
    return memfd;
  } catch (error) {
    memfd.close();
    throw error;
  }
}
