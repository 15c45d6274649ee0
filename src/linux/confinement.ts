import { FFIType } from "bun:ffi";
import { check } from "./errno.ts";
import { bindLibc, cString, struct } from "./libc.ts";

const { i32, u64_fast, ptr } = FFIType;
const libc = bindLibc({
  chroot: { args: [ptr], returns: i32 },
  chdir: { args: [ptr], returns: i32 },
  fchdir: { args: [i32], returns: i32 },
  unshare: { args: [i32], returns: i32 },
  umask: { args: [FFIType.u32], returns: FFIType.u32 },
  prctl: { args: [i32, u64_fast, u64_fast, u64_fast, u64_fast], returns: i32 },
  capset: { args: [ptr, ptr], returns: i32 },
});

/**
 * A mount namespace of its own for the calling thread, which also gets its own root and working directory.
 * Other threads of the process keep theirs: afterwards only synchronous calls of this thread are inside.
 */
export function unshareMountNamespace(): void {
  const CLONE_NEWNS = 0x20000;
  check(libc.unshare(CLONE_NEWNS), "unshare");
}

/** Makes `root` the root and working directory of the calling thread. */
export function changeRoot(root: string): void {
  check(libc.chdir(cString(root)), "chdir", root);
  check(libc.chroot(cString(".")), "chroot", root);
}

/** Of the calling thread, if it has unshared its mount namespace. */
export function changeDirectory(path: string): void {
  check(libc.chdir(cString(path)), "chdir", path);
}

/** The same with an open directory, which may lie outside of the thread's root. */
export function enterDirectory(fd: number): void {
  check(libc.fchdir(fd), "fchdir");
}

export function clearUmask(): void {
  libc.umask(0);
}

/** Bits of capabilities(7) (linux/capability.h). */
export const Capability = {
  chown: 0,
  dacOverride: 1,
  dacReadSearch: 2,
  fowner: 3,
  fsetid: 4,
  sysAdmin: 21,
  mknod: 27,
  setfcap: 31,
} as const;

/** Keeps these capabilities for the calling thread, for good: a later exec gains none either. */
export function keepCapabilities(kept: readonly number[]): void {
  const PR_SET_NO_NEW_PRIVS = 38;
  const VERSION_3 = 0x20080522;
  check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
  const header = struct(8);
  header.view.setUint32(0, VERSION_3, true);
  const mask = kept.reduce((bits, capability) => bits | (1 << capability), 0) >>> 0;
  const data = struct(24); // two of effective, permitted, inheritable
  data.view.setUint32(0, mask, true);
  data.view.setUint32(4, mask, true);
  check(libc.capset(header.bytes, data.bytes), "capset");
}
