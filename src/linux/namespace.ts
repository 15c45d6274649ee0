import { FFIType } from "bun:ffi";
import { check } from "./errno.ts";
import { bindLibc, cString } from "./libc.ts";

const libc = bindLibc({
  open: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  unshare: { args: [FFIType.i32], returns: FFIType.i32 },
  setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
});

const CLONE_NEWNET = 0x4000_0000;
const O_RDONLY_CLOEXEC = 0x80000;
/** The calling thread's own: a process's threads may be in different network namespaces. */
const OWN = "/proc/thread-self/ns/net";

/** A file descriptor that keeps a network namespace alive; close it with `closeNamespace`. */
export function openNetworkNamespace(path: string): number {
  return check(libc.open(cString(path), O_RDONLY_CLOEXEC), "open", path);
}

export function closeNamespace(fd: number): void {
  libc.close(fd);
}

/**
 * Runs `work` with this thread inside of another network namespace. `work` is synchronous: the thread
 * is back before anything else can run on it. Not reaching home again is fatal to the thread.
 */
export function inNetworkNamespace<T>(fd: number, work: () => T): T {
  const home = openNetworkNamespace(OWN);
  try {
    check(libc.setns(fd, CLONE_NEWNET), "setns");
    try {
      return work();
    } finally {
      check(libc.setns(home, CLONE_NEWNET), "setns", "home");
    }
  } finally {
    libc.close(home);
  }
}

/** A new network namespace, held by the returned file descriptor alone; `work` runs inside of it. */
export function createNetworkNamespace<T>(work: () => T): { fd: number; result: T } {
  const home = openNetworkNamespace(OWN);
  try {
    check(libc.unshare(CLONE_NEWNET), "unshare");
    let fd = -1;
    try {
      fd = openNetworkNamespace(OWN);
      return { fd, result: work() };
    } catch (error) {
      if (fd >= 0) libc.close(fd);
      throw error;
    } finally {
      check(libc.setns(home, CLONE_NEWNET), "setns", "home");
    }
  } finally {
    libc.close(home);
  }
}

/** Moves this thread into a new network namespace for good; for a test's own process. */
export function unshareNetworkNamespace(): void {
  check(libc.unshare(CLONE_NEWNET), "unshare");
}

/** Moves this thread into a network namespace for good. */
export function enterNetworkNamespace(fd: number): void {
  check(libc.setns(fd, CLONE_NEWNET), "setns");
}
