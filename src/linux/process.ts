import { FFIType } from "bun:ffi";
import { readFileSync } from "node:fs";
import { duplicateAbove } from "./descriptor.ts";
import { check, Errno, errno, isErrno, SyscallError } from "./errno.ts";
import { close } from "./file.ts";
import { addressOf, bindLibc, cString, struct } from "./libc.ts";

const { i32, i64, i64_fast, u64, ptr } = FFIType;
const libc = bindLibc({
  posix_spawn: { args: [ptr, ptr, ptr, ptr, ptr, ptr], returns: i32 },
  posix_spawn_file_actions_init: { args: [ptr], returns: i32 },
  posix_spawn_file_actions_adddup2: { args: [ptr, i32, i32], returns: i32 },
  posix_spawn_file_actions_addclosefrom_np: { args: [ptr, i32], returns: i32 },
  posix_spawn_file_actions_destroy: { args: [ptr], returns: i32 },
  posix_spawnattr_init: { args: [ptr], returns: i32 },
  posix_spawnattr_setflags: { args: [ptr, i32], returns: i32 },
  posix_spawnattr_setsigmask: { args: [ptr, ptr], returns: i32 },
  posix_spawnattr_setsigdefault: { args: [ptr, ptr], returns: i32 },
  posix_spawnattr_destroy: { args: [ptr], returns: i32 },
  waitid: { args: [i32, i32, ptr, i32], returns: i32 },
  wait4: { args: [i32, ptr, i32, ptr], returns: i32 },
  prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
  execve: { args: [ptr, ptr, ptr], returns: i32 },
  ioctl: { args: [i32, u64, ptr], returns: i32 },
  syscall: { args: [i64, i64, i64, i64, i64], returns: i64_fast },
});

const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;

export interface SpawnRequest {
  /** `argv[0]` is the path of the program. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** The child's descriptor → ours. It gets these and no other. */
  files: ReadonlyMap<number, number>;
}

/**
 * Starts a program in a session of its own, with all signals at their defaults and none blocked. Returns
 * its pid; throws with the error of the exec.
 */
export function spawn(request: SpawnRequest): number {
  const actions = struct(80); // posix_spawn_file_actions_t
  const attributes = struct(336); // posix_spawnattr_t
  const highest = Math.max(...request.files.keys());
  const duplicates: number[] = [];
  libc.posix_spawn_file_actions_init(actions.bytes);
  libc.posix_spawnattr_init(attributes.bytes);
  try {
    for (const [target, fd] of request.files) {
      // A source among the targets could be overwritten before its turn.
      const source = fd > highest ? fd : duplicateAbove(fd, highest + 1);
      if (source !== fd) duplicates.push(source);
      libc.posix_spawn_file_actions_adddup2(actions.bytes, source, target);
    }
    libc.posix_spawn_file_actions_addclosefrom_np(actions.bytes, highest + 1);
    setSignalDefaults(attributes.bytes);
    return posixSpawn(request, actions.bytes, attributes.bytes);
  } finally {
    for (const fd of duplicates) close(fd);
    libc.posix_spawn_file_actions_destroy(actions.bytes);
    libc.posix_spawnattr_destroy(attributes.bytes);
  }
}

function setSignalDefaults(attributes: Uint8Array): void {
  const POSIX_SPAWN_SETSIGDEF = 0x04;
  const POSIX_SPAWN_SETSIGMASK = 0x08;
  const POSIX_SPAWN_SETSID = 0x80;
  const none = struct(128).bytes; // sigset_t
  const all = struct(128).bytes.fill(0xff);
  libc.posix_spawnattr_setsigmask(attributes, none);
  libc.posix_spawnattr_setsigdefault(attributes, all);
  const flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  libc.posix_spawnattr_setflags(attributes, flags);
}

function posixSpawn(request: SpawnRequest, actions: Uint8Array, attributes: Uint8Array): number {
  const path = request.argv[0] ?? "";
  const argv = stringArray(request.argv);
  const env = stringArray(environment(request.env));
  const pid = struct(4);
  const failure = libc.posix_spawn(
    pid.bytes,
    cString(path),
    actions,
    attributes,
    argv.pointers,
    env.pointers,
  );
  if (failure !== 0) throw new SyscallError("posix_spawn", failure, path);
  return pid.view.getInt32(0, true);
}

const environment = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${value}`);

/** A NULL-terminated `char *[]`; `strings` keeps what the pointers show to. */
function stringArray(texts: readonly string[]): {
  pointers: BigUint64Array;
  strings: Uint8Array[];
} {
  const strings = texts.map((text) => {
    const encoded = new TextEncoder().encode(text);
    const { bytes } = struct(encoded.length + 1);
    bytes.set(encoded);
    return bytes;
  });
  const pointers = new BigUint64Array(new ArrayBuffer(8 * (strings.length + 1)));
  strings.forEach((string, index) => {
    pointers[index] = addressOf(string);
  });
  return { pointers, strings };
}

export interface ChildExit {
  pid: number;
  /** 0–255, 128 + n when signal n ended it. */
  exitCode: number;
}

const siginfo = struct(128);

/** A child that has ended, still unreaped, so that its code can be stored first (waitid(2), WNOWAIT). */
export function peekExitedChild(): ChildExit | undefined {
  const P_ALL = 0;
  const CLD_EXITED = 1;
  siginfo.view.setInt32(16, 0, true);
  const result = libc.waitid(P_ALL, 0, siginfo.bytes, WEXITED | WNOHANG | WNOWAIT);
  if (result < 0) {
    if (errno() === Errno.ECHILD) return undefined;
    throw new SyscallError("waitid", errno());
  }
  const pid = siginfo.view.getInt32(16, true);
  if (pid === 0) return undefined;
  const status = siginfo.view.getInt32(24, true);
  const exited = siginfo.view.getInt32(8, true) === CLD_EXITED;
  return { pid, exitCode: exited ? status : 128 + status };
}

/** Takes an ended child out of the process table. */
export function reapChild(pid: number): void {
  const result = libc.wait4(pid, null, WNOHANG, null);
  if (result < 0 && errno() !== Errno.ECHILD) throw new SyscallError("wait4", errno());
}

/** Orphans among our descendants become our children, for us to reap (prctl(2)). */
export function becomeSubreaper(): void {
  const PR_SET_CHILD_SUBREAPER = 36;
  check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n), "prctl");
}

/** Puts another program in this one's place: same pid, same children. Returns only by throwing. */
export function replaceProcess(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): never {
  const path = argv[0] ?? "";
  const args = stringArray(argv);
  const environ = stringArray(environment(env));
  libc.execve(cString(path), args.pointers, environ.pointers);
  throw new SyscallError("execve", errno(), path);
}

/** A descriptor that stands for the process and becomes readable when it ends; undefined if it is gone. */
export function openPidfd(pid: number): number | undefined {
  const SYS_pidfd_open = 434n;
  const fd = Number(libc.syscall(SYS_pidfd_open, BigInt(pid), 0n, 0n, 0n));
  if (fd >= 0) return fd;
  if (errno() === Errno.ESRCH) return undefined;
  throw new SyscallError("pidfd_open", errno());
}

const pidfdInfo = struct(64);

/**
 * The exit code of a process that is nobody's child here, by a pidfd opened while it lived: undefined
 * while it lives, and where the kernel (before 6.15) does not tell and no zombie is left to ask.
 */
export function exitCodeOf(pidfd: number, pid: number): number | undefined {
  // The parent may reap it between the two questions.
  return reapedExitCode(pidfd) ?? zombieExitCode(pid) ?? reapedExitCode(pidfd);
}

function reapedExitCode(pidfd: number): number | undefined {
  const PIDFD_GET_INFO = 0xc040ff0bn;
  const PIDFD_INFO_EXIT = 8n;
  pidfdInfo.view.setBigUint64(0, PIDFD_INFO_EXIT, true);
  if (libc.ioctl(pidfd, PIDFD_GET_INFO, pidfdInfo.bytes) !== 0) return undefined;
  const mask = pidfdInfo.view.getBigUint64(0, true);
  return (mask & PIDFD_INFO_EXIT) === 0n ? undefined : exitCode(pidfdInfo.view.getInt32(60, true));
}

/** Of a wait status (wait(2)). */
function exitCode(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

export interface ProcessState {
  /** Of its program, 15 bytes at most. */
  name: string;
  /** It waits to be reaped. */
  hasEnded: boolean;
  session: number;
}

/** Undefined if it is gone. */
export function stateOf(pid: number | "self"): ProcessState | undefined {
  const text = readStat(pid);
  if (text === undefined) return undefined;
  const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
  const fields = fieldsOf(text);
  return { name, hasEnded: fields[0] === "Z", session: Number(fields[3]) };
}

function zombieExitCode(pid: number): number | undefined {
  const fields = statFields(pid);
  if (fields?.[0] !== "Z") return undefined;
  return exitCode(Number(fields[49])); // field 52 of proc_pid_stat(5)
}

/** Clock ticks after boot; with the pid it names one process for good. Undefined if it is gone. */
export function processStartTime(pid: number): number | undefined {
  const field = statFields(pid)?.[19]; // field 22 of proc_pid_stat(5)
  return field === undefined ? undefined : Number(field);
}

function statFields(pid: number): string[] | undefined {
  const text = readStat(pid);
  return text === undefined ? undefined : fieldsOf(text);
}

/** From the state (field 3 of proc_pid_stat(5)) on; the name before may contain anything. */
const fieldsOf = (stat: string): string[] => stat.slice(stat.lastIndexOf(")") + 2).split(" ");

function readStat(pid: number | "self"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ESRCH)) return undefined;
    throw error;
  }
}
