import type { BlkioEntry, ContainerStats, CpuStats } from "../../spec/index.ts";

/** The parts of the Engine API's ContainerStats that a cgroup knows. */
export interface CgroupStats {
  cpu: Pick<CpuStats, "cpu_usage" | "throttling_data">;
  memory: ContainerStats["memory_stats"];
  blkio: Record<string, BlkioEntry[] | null>;
  pids: ContainerStats["pids_stats"];
}
