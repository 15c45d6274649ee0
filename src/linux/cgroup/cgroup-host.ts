import { FFIType } from "bun:ffi";
import { mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check, Errno, isErrno } from "../errno.ts";
import { bindLibc, cString } from "../libc.ts";

const libc = bindLibc({
  mount: {
    args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64_fast, FFIType.ptr],
    returns: FFIType.i32,
  },
});

export type CgroupMode = "v1" | "v2" | "hybrid";

/** Where the host's controllers are. `hybrid` is v1 with an (almost) empty v2 beside it. */
export interface CgroupHost {
  mode: CgroupMode;
  /** Controller → its v1 mount point: `memory` → `/sys/fs/cgroup/memory`. Empty on v2. */
  v1: ReadonlyMap<string, string>;
  /** Mount point of v2, where there is one. */
  unified: string | undefined;
  /** Controllers of v2 that can be used: cgroup.controllers of the root. */
  unifiedControllers: ReadonlySet<string>;
}

const NOT_CONTROLLERS = new Set(["rw", "ro", "xattr", "noprefix", "clone_children"]);

/** Reads the hierarchies out of the text of proc_pid_mountinfo(5). */
export function parseCgroupMounts(mountinfo: string): {
  v1: Map<string, string>;
  unified: string | undefined;
} {
  const v1 = new Map<string, string>();
  let unified: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ", 2);
    const [, , , root = "", mountPoint = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") unified ??= mountPoint;
    // A mount of a part of the tree is a container's or a sandbox's view.
    if (type !== "cgroup" || root !== "/") continue;
    for (const option of options.split(",")) {
      if (NOT_CONTROLLERS.has(option) || option.startsWith("release_agent=")) continue;
      const name = option.replace(/^name=/, "");
      if (!v1.has(name)) v1.set(name, mountPoint);
    }
  }
  return { v1, unified };
}

function readWords(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split(/\s+/).filter(Boolean);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return [];
    throw error;
  }
}

/** Looks at what this process has mounted. */
export function detectCgroups(): CgroupHost {
  const { v1, unified } = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const words = unified === undefined ? [] : readWords(join(unified, "cgroup.controllers"));
  const real = [...v1.keys()].filter((name) => name !== "systemd");
  const mode = real.length === 0 && unified !== undefined ? "v2" : unified ? "hybrid" : "v1";
  return { mode, v1, unified, unifiedControllers: new Set(words) };
}

/** Can a limit of this controller be set at all? `cpuacct` and `freezer` are v2's own. */
export function hasController(host: CgroupHost, name: string): boolean {
  if (host.mode !== "v2") return host.v1.has(name);
  if (name === "freezer" || name === "cpuacct" || name === "devices") return true;
  return host.unifiedControllers.has(name === "blkio" ? "io" : name);
}

/** Does some cgroup of v2 already distribute this controller? Then it cannot move. */
function inUse(unified: string): boolean {
  if (readWords(join(unified, "cgroup.subtree_control")).length > 0) return true;
  return readdirSync(unified, { withFileTypes: true }).some(
    (entry) =>
      entry.isDirectory() && readWords(join(unified, entry.name, "cgroup.controllers")).length > 0,
  );
}

/** Gives a controller a v1 hierarchy of its own beside the others. */
function mountV1(unified: string, controller: string): void {
  const target = join(unified, "..", controller);
  const flags = 0x0e; // MS_NOSUID | MS_NODEV | MS_NOEXEC
  mkdirSync(target, { recursive: true });
  const [type, path] = [cString("cgroup"), cString(target)];
  check(libc.mount(type, path, type, flags, cString(controller)), "mount", target);
}

/**
 * On a hybrid host, gives the controllers that v2 still holds a v1 hierarchy, as boot scripts for cgroup
 * v1 do: crun refuses a hybrid host whose `cgroup.controllers` is not empty. Returns why that is not
 * possible, or undefined when nothing stands in the way (any more). The mounts stay, since another daemon
 * may count on them; while this process lives, they are in use and nobody can unmount them. Once per process.
 */
export function releaseUnifiedControllers(host: CgroupHost): string | undefined {
  if (host.mode !== "hybrid" || host.unified === undefined) return undefined;
  const held = readWords(join(host.unified, "cgroup.controllers"));
  if (held.length > 0 && inUse(host.unified)) {
    return `cgroup v2 distributes ${held.join(", ")} on this hybrid host`;
  }
  for (const controller of held) {
    try {
      mountV1(host.unified, controller);
    } catch (error) {
      return `the controller ${controller} cannot be moved to cgroup v1: ${String(error)}`;
    }
  }
  // An unmounted hierarchy falls back to v2, and crun would refuse the next start. Left open on purpose.
  for (const mount of new Set(detectCgroups().v1.values())) openSync(mount, "r");
  return undefined;
}
