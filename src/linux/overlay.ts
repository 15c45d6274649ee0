import { FFIType } from "bun:ffi";
import { constants } from "node:fs";
import { check, Errno, errno, isErrno, SyscallError } from "./errno.ts";
import { AT_FDCWD, close, open, read } from "./file.ts";
import { bindLibc, cString } from "./libc.ts";
import { MountFlag, mount } from "./mount.ts";

export interface OverlayMount {
  target: string;
  /** Topmost first. One lower directory without an upper one is refused by the kernel. */
  lower: readonly string[];
  /** Absent: read-only. */
  upper?: string;
  /** An empty directory on the file system of `upper`. */
  work?: string;
  /**
   * Nothing is written back at unmount. The same `work` is refused by a later mount until its
   * `incompat/volatile` is removed (Documentation/filesystems/overlayfs.rst).
   */
  volatile?: boolean;
}

// Numbers that are the same on every architecture (asm-generic/unistd.h).
const SYS_MOVE_MOUNT = 429;
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;

const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const CLOEXEC = 1; // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC

const { i32, ptr, i64_fast } = FFIType;
const fsopen = bindLibc({ syscall: { args: [i64_fast, ptr, i32], returns: i64_fast } }).syscall;
const fsconfig = bindLibc({
  syscall: { args: [i64_fast, i32, i32, ptr, ptr, i32], returns: i64_fast },
}).syscall;
const fsmount = bindLibc({
  syscall: { args: [i64_fast, i32, i32, i32], returns: i64_fast },
}).syscall;
const moveMount = bindLibc({
  syscall: { args: [i64_fast, i32, ptr, i32, ptr, i32], returns: i64_fast },
}).syscall;

// Directory renames and metadata-only copies would leave entries in the upper directory that mean nothing
// without the lower ones: a container's changes could not be told from them.
const FIXED_OPTIONS = { redirect_dir: "off", metacopy: "off", index: "off" } as const;

/**
 * Mounts an overlay. Through the mount API where the kernel takes lower directories one by one (6.8 and
 * later), which has no limit on the number of layers; by mount(2) otherwise.
 */
export function mountOverlay(overlay: OverlayMount, api: "any" | "classic" = "any"): void {
  if (api === "any" && checksOverlayOptions() && mountByContext(overlay)) return;
  mountByOptions(overlay);
}

let checked: boolean | undefined;
function checksOverlayOptions(): boolean {
  checked ??= checksOptions("overlay");
  return checked;
}

/**
 * Does the kernel look at each option of this file system when it is set? Overlay before Linux 6.5 takes
 * down whatever it is given, and complains of it at the mount, in the kernel's log. False without a mount API.
 */
export function checksOptions(fileSystem: string): boolean {
  const context = Number(fsopen(SYS_FSOPEN, cString(fileSystem), CLOEXEC));
  if (context < 0) return false;
  try {
    const key = cString("berth_no_such_option");
    return fsconfig(SYS_FSCONFIG, context, FSCONFIG_SET_FLAG, key, null, 0) !== 0;
  } finally {
    close(context);
  }
}

/** Can this kernel mount overlays, after it has loaded its module where there is one? */
export function hasOverlay(): boolean {
  const context = Number(fsopen(SYS_FSOPEN, cString("overlay"), CLOEXEC));
  if (context >= 0) close(context);
  // Without a mount API (before Linux 5.2) only a mount tells.
  return context >= 0 || errno() !== Errno.ENODEV;
}

/** False when the kernel knows no mount API, or no `lowerdir+`. */
function mountByContext(overlay: OverlayMount): boolean {
  const context = Number(fsopen(SYS_FSOPEN, cString("overlay"), CLOEXEC));
  if (context < 0) {
    if (errno() === Errno.ENOSYS) return false;
    throw new SyscallError("fsopen", errno(), overlay.target);
  }
  try {
    setString(context, "source", "berth", overlay);
    for (const lower of overlay.lower) {
      if (!setLower(context, lower, overlay)) return false;
    }
    configureUpper(context, overlay);
    create(context, overlay);
    attach(context, overlay);
    return true;
  } finally {
    close(context);
  }
}

function setLower(context: number, lower: string, overlay: OverlayMount): boolean {
  const key = cString("lowerdir+");
  if (fsconfig(SYS_FSCONFIG, context, FSCONFIG_SET_STRING, key, cString(lower), 0) === 0)
    return true;
  const number = errno();
  if (lower === overlay.lower[0] && number === Errno.EINVAL) return false;
  throw contextError(context, "fsconfig lowerdir+", number, lower);
}

function configureUpper(context: number, overlay: OverlayMount): void {
  if (overlay.upper !== undefined) setString(context, "upperdir", overlay.upper, overlay);
  if (overlay.work !== undefined) setString(context, "workdir", overlay.work, overlay);
  for (const [key, value] of Object.entries(FIXED_OPTIONS)) {
    // A kernel built without the feature does not know the option, and needs no switching off.
    fsconfig(SYS_FSCONFIG, context, FSCONFIG_SET_STRING, cString(key), cString(value), 0);
  }
  if (overlay.volatile === true) {
    const result = fsconfig(SYS_FSCONFIG, context, FSCONFIG_SET_FLAG, cString("volatile"), null, 0);
    if (result < 0) throw contextError(context, "fsconfig volatile", errno(), overlay.target);
  }
}

function setString(context: number, key: string, value: string, overlay: OverlayMount): void {
  const result = fsconfig(
    SYS_FSCONFIG,
    context,
    FSCONFIG_SET_STRING,
    cString(key),
    cString(value),
    0,
  );
  if (result < 0) throw contextError(context, `fsconfig ${key}`, errno(), overlay.target);
}

function create(context: number, overlay: OverlayMount): void {
  const result = fsconfig(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0);
  if (result < 0) throw contextError(context, "mount overlay", errno(), overlay.target);
}

function attach(context: number, overlay: OverlayMount): void {
  const fd = Number(fsmount(SYS_FSMOUNT, context, CLOEXEC, 0));
  if (fd < 0) throw contextError(context, "fsmount", errno(), overlay.target);
  try {
    const target = cString(overlay.target);
    const flags = MOVE_MOUNT_F_EMPTY_PATH;
    const result = moveMount(SYS_MOVE_MOUNT, fd, cString(""), AT_FDCWD, target, flags);
    check(Number(result), "move_mount", overlay.target);
  } finally {
    close(fd);
  }
}

/** The kernel leaves its reason in the context, one line per read: `e overlay: …`. */
function contextError(context: number, syscall: string, number: number, path: string): Error {
  const buffer = new Uint8Array(new ArrayBuffer(1024));
  let reason = "";
  try {
    reason = Buffer.from(buffer.slice(0, read(context, buffer)))
      .toString()
      .trim();
  } catch (error) {
    if (!isErrno(error, Errno.ENODATA)) throw error;
  }
  const failure = new SyscallError(syscall, number, path);
  if (reason !== "") failure.message += `: ${reason.replace(/^[ewi] /, "")}`;
  return failure;
}

/**
 * mount(2) takes one page of options, so lower directories are named by short descriptor paths; this also
 * spares the escaping of `:` and `,`.
 */
function mountByOptions(overlay: OverlayMount): void {
  const descriptors: number[] = [];
  const shorten = (path: string): string => {
    const fd = open(path, O_PATH | constants.O_DIRECTORY);
    descriptors.push(fd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const options = [`lowerdir=${overlay.lower.map(shorten).join(":")}`];
    if (overlay.upper !== undefined) options.push(`upperdir=${shorten(overlay.upper)}`);
    if (overlay.work !== undefined) options.push(`workdir=${shorten(overlay.work)}`);
    if (overlay.volatile === true) options.push("volatile");
    const fixed = Object.entries(FIXED_OPTIONS).map(([key, value]) => `${key}=${value}`);
    mountWithFallback(overlay, options, fixed);
  } finally {
    for (const fd of descriptors) close(fd);
  }
}

const O_PATH = 0o10000000;

function mountWithFallback(overlay: OverlayMount, options: string[], fixed: string[]): void {
  const flags = overlay.upper === undefined ? MountFlag.readOnly : 0;
  try {
    mount("berth", overlay.target, "overlay", flags, [...options, ...fixed].join(","));
  } catch (error) {
    if (!isErrno(error, Errno.EINVAL)) throw error;
    mount("berth", overlay.target, "overlay", flags, options.join(","));
  }
}
