import type { RuntimeResources, RuntimeThrottle } from "../../spec/index.ts";
import { Errno, isErrno } from "../errno.ts";
import { writeCgroupFile } from "./cgroup-file.ts";

/** One write into a file of a cgroup; on v2 the controller only says what the file belongs to. */
export interface LimitWrite {
  controller: string;
  file: string;
  value: string;
  /** Not an error where the kernel has no such file. */
  optional?: boolean;
}

/** What has to be known of the present limits to change them in an order that the kernel accepts. */
export interface PresentLimits {
  /** Bytes; undefined is unlimited. */
  memory: number | undefined;
}

const write = (controller: string, file: string, value: number | string): LimitWrite => ({
  controller,
  file,
  value: String(value),
});

function optionalWrite(
  controller: string,
  file: string,
  value: number | string | undefined,
): LimitWrite[] {
  return value === undefined ? [] : [write(controller, file, value)];
}

const throttleWrites = (
  controller: string,
  file: string,
  devices: readonly RuntimeThrottle[] | undefined,
  format: (device: RuntimeThrottle) => string,
): LimitWrite[] => (devices ?? []).map((device) => write(controller, file, format(device)));

/** memory.limit_in_bytes may never exceed memory.memsw.limit_in_bytes, not even between two writes. */
function memoryAndSwapV1(
  memory: NonNullable<RuntimeResources["memory"]>,
  present: PresentLimits,
): LimitWrite[] {
  const limit = optionalWrite("memory", "memory.limit_in_bytes", memory.limit);
  const swapValue = memory.swap ?? (memory.limit === -1 ? -1 : undefined);
  const swap = optionalWrite("memory", "memory.memsw.limit_in_bytes", swapValue).map((one) => ({
    ...one,
    optional: true,
  }));
  const grows =
    swapValue === -1 || (present.memory !== undefined && (swapValue ?? 0) > present.memory);
  return grows ? [...swap, ...limit] : [...limit, ...swap];
}

function blockWritesV1(block: NonNullable<RuntimeResources["blockIO"]>): LimitWrite[] {
  const rate = (device: RuntimeThrottle) => `${device.major}:${device.minor} ${device.rate}`;
  return [
    ...optionalWrite("blkio", "blkio.weight", block.weight),
    ...(block.weightDevice ?? []).map((device) =>
      write("blkio", "blkio.weight_device", `${device.major}:${device.minor} ${device.weight}`),
    ),
    ...throttleWrites("blkio", "blkio.throttle.read_bps_device", block.throttleReadBpsDevice, rate),
    ...throttleWrites(
      "blkio",
      "blkio.throttle.write_bps_device",
      block.throttleWriteBpsDevice,
      rate,
    ),
    ...throttleWrites(
      "blkio",
      "blkio.throttle.read_iops_device",
      block.throttleReadIOPSDevice,
      rate,
    ),
    ...throttleWrites(
      "blkio",
      "blkio.throttle.write_iops_device",
      block.throttleWriteIOPSDevice,
      rate,
    ),
  ];
}

/** The writes that put limits in place on cgroup v1, in their order. */
export function limitsOfV1(resources: RuntimeResources, present: PresentLimits): LimitWrite[] {
  const { memory, cpu, pids, blockIO } = resources;
  return [
    ...(memory === undefined ? [] : memoryAndSwapV1(memory, present)),
    ...optionalWrite("memory", "memory.soft_limit_in_bytes", memory?.reservation),
    ...optionalWrite("memory", "memory.kmem.tcp.limit_in_bytes", memory?.kernelTCP),
    ...optionalWrite("memory", "memory.swappiness", memory?.swappiness),
    ...(memory?.disableOOMKiller === undefined
      ? []
      : [write("memory", "memory.oom_control", memory.disableOOMKiller ? 1 : 0)]),
    ...optionalWrite("cpu", "cpu.shares", cpu?.shares),
    ...optionalWrite("cpu", "cpu.cfs_period_us", cpu?.period),
    ...optionalWrite("cpu", "cpu.cfs_quota_us", cpu?.quota),
    ...optionalWrite("cpu", "cpu.rt_period_us", cpu?.realtimePeriod),
    ...optionalWrite("cpu", "cpu.rt_runtime_us", cpu?.realtimeRuntime),
    ...optionalWrite("cpuset", "cpuset.cpus", cpu?.cpus),
    ...optionalWrite("cpuset", "cpuset.mems", cpu?.mems),
    ...(pids === undefined ? [] : [write("pids", "pids.max", pids.limit < 0 ? "max" : pids.limit)]),
    ...(blockIO === undefined ? [] : blockWritesV1(blockIO)),
  ];
}

const orMax = (value: number): string => (value < 0 ? "max" : String(value));

/** cpu.shares 2–262144 → cpu.weight 1–10000, the mapping of the runtime-spec's documentation. */
export const sharesToWeight = (shares: number): number =>
  shares === 0 ? 0 : 1 + Math.floor(((Math.min(262144, Math.max(2, shares)) - 2) * 9999) / 262142);

/** blkio.weight 10–1000 → io.weight 1–10000. */
export const blkioToIoWeight = (weight: number): number =>
  weight === 0 ? 0 : 1 + Math.floor(((weight - 10) * 9999) / 990);

/** memory.swap.max counts swap alone, the runtime-spec memory and swap together. */
function swapOfV2(
  memory: NonNullable<RuntimeResources["memory"]>,
  present: PresentLimits,
): string | undefined {
  if (memory.swap === undefined) return memory.limit === -1 ? "max" : undefined;
  if (memory.swap < 0) return "max";
  const limit = memory.limit ?? present.memory;
  return limit === undefined || limit < 0 ? undefined : String(Math.max(0, memory.swap - limit));
}

function cpuMax(cpu: NonNullable<RuntimeResources["cpu"]>): string | undefined {
  if (cpu.quota === undefined && cpu.period === undefined) return undefined;
  const quota = cpu.quota === undefined || cpu.quota <= 0 ? "max" : cpu.quota;
  return `${quota} ${cpu.period ?? 100_000}`;
}

/** The writes that put limits in place on cgroup v2, in their order. */
export function limitsOfV2(resources: RuntimeResources, present: PresentLimits): LimitWrite[] {
  const { memory, cpu, pids, blockIO, unified } = resources;
  const io = (key: string) => (device: RuntimeThrottle) =>
    `${device.major}:${device.minor} ${key}=${device.rate > 0 ? device.rate : "max"}`;
  return [
    ...optionalWrite("memory", "memory.swap.max", memory && swapOfV2(memory, present)).map(
      (one) => ({ ...one, optional: true }),
    ),
    ...(memory?.limit === undefined ? [] : [write("memory", "memory.max", orMax(memory.limit))]),
    ...(memory?.reservation === undefined
      ? []
      : [write("memory", "memory.low", orMax(memory.reservation))]),
    ...(cpu?.shares === undefined ? [] : [write("cpu", "cpu.weight", sharesToWeight(cpu.shares))]),
    ...optionalWrite("cpu", "cpu.max", cpu && cpuMax(cpu)),
    ...optionalWrite("cpuset", "cpuset.cpus", cpu?.cpus),
    ...optionalWrite("cpuset", "cpuset.mems", cpu?.mems),
    ...(pids === undefined ? [] : [write("pids", "pids.max", orMax(pids.limit))]),
    ...(blockIO?.weight === undefined
      ? []
      : [write("io", "io.weight", `default ${blkioToIoWeight(blockIO.weight)}`)]),
    ...throttleWrites("io", "io.max", blockIO?.throttleReadBpsDevice, io("rbps")),
    ...throttleWrites("io", "io.max", blockIO?.throttleWriteBpsDevice, io("wbps")),
    ...throttleWrites("io", "io.max", blockIO?.throttleReadIOPSDevice, io("riops")),
    ...throttleWrites("io", "io.max", blockIO?.throttleWriteIOPSDevice, io("wiops")),
    ...Object.entries(unified ?? {}).map(([file, value]) =>
      write(file.split(".")[0] ?? "", file, value),
    ),
  ];
}

/** Writes limits into the folder of each controller. Throws at the first that the kernel does not take. */
export function applyLimits(
  writes: readonly LimitWrite[],
  folderOf: (controller: string) => string | undefined,
): void {
  for (const { controller, file, value, optional } of writes) {
    const folder = folderOf(controller);
    try {
      if (folder === undefined) throw new Error(`the ${controller} controller is not mounted`);
      writeCgroupFile(folder, file, value);
    } catch (error) {
      if (optional && (folder === undefined || isErrno(error, Errno.ENOENT))) continue;
      throw new Error(`failed to write "${value}" to "${file}": ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
