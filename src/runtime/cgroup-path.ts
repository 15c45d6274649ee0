import { posix } from "node:path";
import { removeEmptyCgroup } from "../linux/cgroup/cgroup.ts";
import type { RuntimeHost } from "./runtime-spec-request.ts";

/** Parent of the containers' cgroups where the user names none. */
const DEFAULT_PARENT = { cgroupfs: "/berth", systemd: "system.slice" } as const;
const SYSTEMD_PREFIX = "berth";

/**
 * Removes the cgroup that containers without a `--cgroup-parent` are made in, if it is empty: for a daemon
 * that ends. While containers start, the runtime could lose it between two of its steps.
 */
export function removeIdleParent(
  host: Pick<RuntimeHost, "cgroup" | "cgroupDriver">,
  parent = "",
): void {
  // A slice is systemd's.
  if (host.cgroupDriver === "systemd") return;
  const path = posix.join("/", parent || DEFAULT_PARENT.cgroupfs);
  if (path !== "/") removeEmptyCgroup(host.cgroup, path);
}

export interface CgroupNames {
  /** For the runtime's `linux.cgroupsPath`. */
  cgroupsPath: string;
  /** Below the mount points, for `openCgroup()`. */
  path: string;
}

/** `a-b.slice` → `/a.slice/a-b.slice`, systemd.slice(5); `-.slice` is the root. */
export function expandSlice(slice: string): string {
  if (slice === "-.slice" || slice === "") return "";
  const parts = slice.replace(/\.slice$/, "").split("-");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}

/** Where a container's cgroup is, for the host's naming; `parent` is `--cgroup-parent` or empty. */
export function cgroupNames(
  host: Pick<RuntimeHost, "cgroupDriver">,
  id: string,
  parent = "",
): CgroupNames {
  const under = parent || DEFAULT_PARENT[host.cgroupDriver];
  if (host.cgroupDriver === "systemd") {
    return {
      cgroupsPath: `${under}:${SYSTEMD_PREFIX}:${id}`,
      path: `${expandSlice(under)}/${SYSTEMD_PREFIX}-${id}.scope`,
    };
  }
  const path = posix.join("/", under, id);
  return { cgroupsPath: path, path };
}
