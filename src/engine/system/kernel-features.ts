import { existsSync } from "node:fs";
import { type CgroupHost, detectCgroups } from "../../linux/cgroup/cgroup-host.ts";
import { hasOverlay } from "../../linux/overlay.ts";
import { EngineError } from "../../spec/index.ts";

const NAMESPACES = ["mnt", "net", "pid", "uts", "ipc"] as const;

/** What no container can do without. */
export interface KernelFeatures {
  overlay: boolean;
  cgroup: Pick<CgroupHost, "v1" | "unified">;
  /** Names below `/proc/self/ns`. */
  namespaces: ReadonlySet<string>;
}

/** Looks at the running kernel, which may load modules for it. */
export function kernelFeatures(): KernelFeatures {
  const namespaces = NAMESPACES.filter((name) => existsSync(`/proc/self/ns/${name}`));
  return { overlay: hasOverlay(), cgroup: detectCgroups(), namespaces: new Set(namespaces) };
}

/** Throws `failed-precondition` that names the first feature that is missing. */
export function requireFeatures({ overlay, cgroup, namespaces }: KernelFeatures): void {
  const lacking = (what: string) => new EngineError("failed-precondition", what);
  const absent = NAMESPACES.find((name) => !namespaces.has(name));
  if (absent !== undefined) {
    throw lacking(`this kernel has no ${absent} namespaces, which containers need`);
  }
  if (cgroup.v1.size === 0 && cgroup.unified === undefined) {
    throw lacking("no cgroup file system is mounted at /sys/fs/cgroup, which limits need");
  }
  if (!overlay) {
    throw lacking("this kernel has no overlay file system (CONFIG_OVERLAY_FS), which images need");
  }
}
