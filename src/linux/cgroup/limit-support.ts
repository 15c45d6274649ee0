import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCgroupFile } from "./cgroup-file.ts";
import { type CgroupHost, hasController } from "./cgroup-host.ts";

/** Which limits the host's cgroups can enforce. */
export interface LimitSupport {
  memory: boolean;
  swap: boolean;
  memoryReservation: boolean;
  memorySwappiness: boolean;
  oomKillDisable: boolean;
  kernelMemoryTcp: boolean;
  pids: boolean;
  cpuShares: boolean;
  cpuCfs: boolean;
  cpuRealtime: boolean;
  cpuset: boolean;
  blkioWeight: boolean;
  blkioWeightDevice: boolean;
  blkioReadBps: boolean;
  blkioWriteBps: boolean;
  blkioReadIops: boolean;
  blkioWriteIops: boolean;
  cgroupNamespaces: boolean;
  /** As the kernel writes lists: `0-1`. */
  cpus: string;
  mems: string;
}

function supportOfV1(host: CgroupHost): LimitSupport {
  const has = (controller: string, file: string): boolean => {
    const mount = host.v1.get(controller);
    return mount !== undefined && existsSync(join(mount, file));
  };
  const cpuset = host.v1.get("cpuset");
  const list = (file: string) =>
    cpuset === undefined ? "" : (readCgroupFile(cpuset, file)?.trim() ?? "");
  const throttle = (file: string) => has("blkio", `blkio.throttle.${file}_device`);
  return {
    memory: hasController(host, "memory"),
    swap: has("memory", "memory.memsw.limit_in_bytes"),
    memoryReservation: has("memory", "memory.soft_limit_in_bytes"),
    memorySwappiness: has("memory", "memory.swappiness"),
    oomKillDisable: has("memory", "memory.oom_control"),
    kernelMemoryTcp: has("memory", "memory.kmem.tcp.limit_in_bytes"),
    pids: hasController(host, "pids"),
    cpuShares: has("cpu", "cpu.shares"),
    cpuCfs: has("cpu", "cpu.cfs_quota_us"),
    cpuRealtime: has("cpu", "cpu.rt_runtime_us"),
    cpuset: cpuset !== undefined,
    blkioWeight: has("blkio", "blkio.weight"),
    blkioWeightDevice: has("blkio", "blkio.weight_device"),
    blkioReadBps: throttle("read_bps"),
    blkioWriteBps: throttle("write_bps"),
    blkioReadIops: throttle("read_iops"),
    blkioWriteIops: throttle("write_iops"),
    cgroupNamespaces: existsSync("/proc/self/ns/cgroup"),
    cpus: list("cpuset.cpus"),
    mems: list("cpuset.mems"),
  };
}

/** The root of v2 has no memory.swap.max: the cgroup that this process is in has, unless it is the root. */
function swapOfV2(unified: string): boolean {
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  // At the root nothing can be seen; swap accounting is on unless the boot line switched it off.
  if (own === "/") return !readFileSync("/proc/cmdline", "utf8").includes("swapaccount=0");
  return existsSync(join(unified, own, "memory.swap.max"));
}

function supportOfV2(host: CgroupHost, unified: string): LimitSupport {
  const memory = hasController(host, "memory");
  const cpu = hasController(host, "cpu");
  const io = hasController(host, "io");
  const list = (file: string) => readCgroupFile(unified, file)?.trim() ?? "";
  return {
    memory,
    swap: memory && swapOfV2(unified),
    memoryReservation: memory,
    memorySwappiness: false,
    oomKillDisable: false,
    kernelMemoryTcp: false,
    pids: hasController(host, "pids"),
    cpuShares: cpu,
    cpuCfs: cpu,
    cpuRealtime: false,
    cpuset: hasController(host, "cpuset"),
    blkioWeight: io,
    blkioWeightDevice: io,
    blkioReadBps: io,
    blkioWriteBps: io,
    blkioReadIops: io,
    blkioWriteIops: io,
    cgroupNamespaces: existsSync("/proc/self/ns/cgroup"),
    cpus: list("cpuset.cpus.effective"),
    mems: list("cpuset.mems.effective"),
  };
}

export function detectLimitSupport(host: CgroupHost): LimitSupport {
  return host.mode === "v2" && host.unified !== undefined
    ? supportOfV2(host, host.unified)
    : supportOfV1(host);
}
