import { rmdirSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeResources } from "../../spec/index.ts";
import { Errno, isErrno } from "../errno.ts";
import type { CgroupHost } from "./cgroup-host.ts";
import type { CgroupStats } from "./cgroup-stats.ts";
import { CgroupV1 } from "./cgroup-v1.ts";
import { CgroupV2 } from "./cgroup-v2.ts";

/** The cgroups of one container in all hierarchies. Every method is safe to repeat. */
export interface Cgroup {
  /** Path below the mount points: `/berth/<id>`. */
  readonly path: string;
  exists(): boolean;
  /** Processes inside, those of cgroups below included. */
  pids(): number[];
  /** Resolves when every task is frozen; rejects when that takes longer than `timeoutMs` (default 10 s). */
  freeze(timeoutMs?: number): Promise<void>;
  thaw(): Promise<void>;
  frozen(): boolean;
  stats(): CgroupStats;
  /** Puts limits in place; what the kernel refuses throws and leaves the limits before it changed. */
  update(resources: RuntimeResources): void;
  /** OOM kills since the cgroup exists. */
  oomKills(): number;
  /** Calls back after OOM kills until the returned function is called. */
  watchOom(listener: () => void): () => void;
  /** SIGKILL to everything inside, until it is empty; rejects after 10 s. */
  killAll(): Promise<void>;
  /** Removes the cgroups of all hierarchies; what lives in them is killed first. */
  remove(): Promise<void>;
}

/** The cgroups of this path, whether they exist or not; creating them is the OCI runtime's. */
export function openCgroup(host: CgroupHost, path: string): Cgroup {
  if (host.mode === "v2" && host.unified !== undefined) return new CgroupV2(host.unified, path);
  return new CgroupV1(host, path);
}

/** Removes a cgroup that has neither processes nor cgroups below it; leaves any other as it is. */
export function removeEmptyCgroup(host: CgroupHost, path: string): void {
  const mounts = new Set(host.v1.values());
  if (host.unified !== undefined) mounts.add(host.unified);
  for (const mount of mounts) {
    try {
      rmdirSync(join(mount, path));
    } catch (error) {
      if (!isErrno(error, Errno.ENOENT, Errno.EBUSY, Errno.ENOTEMPTY)) throw error;
    }
  }
}
