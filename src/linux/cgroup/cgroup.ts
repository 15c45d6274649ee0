import type { RuntimeResources } from "../../spec/index.ts";
import type { CgroupHost } from "./cgroup-host.ts";
import type { CgroupStats } from "./cgroup-stats.ts";

/** The cgroups of one container in all hierarchies. Every method is safe to repeat. */
export interface Cgroup {
  /** Path below the mount points: `/berth/<id>`. */
  readonly path: string;
  pids(): number[];
  /** Resolves when every task is frozen; rejects when that takes longer than `timeoutMs` (default 10 s). */
  freeze(timeoutMs?: number): Promise<void>;
  thaw(): Promise<void>;
  frozen(): boolean;
  stats(): CgroupStats;
  /** Limits in place; a missing controller throws in Docker's words. */
  update(resources: RuntimeResources): void;
  /** OOM kills since the cgroup exists. */
  oomKills(): number;
  /** Calls back at each OOM kill until the returned function is called. */
  watchOom(listener: () => void): () => void;
  /** SIGKILL to everything inside, until it is empty. */
  killAll(): Promise<void>;
  /** Removes the cgroups of all hierarchies; what lives in them is killed first. */
  remove(): Promise<void>;
}

export function openCgroup(_host: CgroupHost, _path: string): Cgroup {
  throw new Error("not yet");
}
