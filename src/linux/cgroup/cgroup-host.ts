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
