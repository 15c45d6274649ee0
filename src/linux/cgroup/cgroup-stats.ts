import type { BlkioEntry, ContainerStats, CpuStats } from "../../spec/index.ts";
import { parseKeyed } from "./cgroup-file.ts";

/** The parts of the Engine API's ContainerStats that a cgroup knows. */
export interface CgroupStats {
  cpu: Pick<CpuStats, "cpu_usage" | "throttling_data">;
  memory: ContainerStats["memory_stats"];
  blkio: Record<string, BlkioEntry[] | null>;
  pids: ContainerStats["pids_stats"];
}

/** The text of the files that are read, by name; absent files are undefined. */
export type CgroupTexts = (controller: string, file: string) => string | undefined;

/** cpuacct.stat and /proc/stat count in USER_HZ, which is 100 on every Linux that Bun runs on. */
export const NANOSECONDS_PER_TICK = 10_000_000;

/** What is not known of a cgroup's block devices. */
export const EMPTY_BLKIO = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
} as const;

function toNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === "" || trimmed === "max") return undefined;
  return Number(trimmed);
}

/** Takes out what is undefined, as Docker leaves out what it does not know. */
function known<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** No limit is the memory of the machine, for the percentage that clients work out. */
const memoryLimit = (limit: number | undefined, total: number): number =>
  limit === undefined || limit > total ? total : limit;

/** Lines of `8:0 Read 4096`; the closing `Total` of all devices is left out. */
export function parseBlkioV1(text: string | undefined): BlkioEntry[] {
  return (text ?? "").split("\n").flatMap((line) => {
    const [, major, minor, op, value] = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line) ?? [];
    if (op === undefined) return [];
    return [{ major: Number(major), minor: Number(minor), op, value: Number(value) }];
  });
}

/** What cgroup v1 says; `totalMemory` in bytes. */
export function statsOfV1(read: CgroupTexts, totalMemory: number): CgroupStats {
  const ticks = parseKeyed(read("cpuacct", "cpuacct.stat"));
  const throttled = parseKeyed(read("cpu", "cpu.stat"));
  const perCpu = read("cpuacct", "cpuacct.usage_percpu")?.trim().split(/\s+/).map(Number);
  return {
    cpu: {
      cpu_usage: {
        total_usage: toNumber(read("cpuacct", "cpuacct.usage")) ?? 0,
        ...(perCpu === undefined ? {} : { percpu_usage: perCpu }),
        usage_in_kernelmode: (ticks["system"] ?? 0) * NANOSECONDS_PER_TICK,
        usage_in_usermode: (ticks["user"] ?? 0) * NANOSECONDS_PER_TICK,
      },
      throttling_data: {
        periods: throttled["nr_periods"] ?? 0,
        throttled_periods: throttled["nr_throttled"] ?? 0,
        throttled_time: throttled["throttled_time"] ?? 0,
      },
    },
    memory: memoryOfV1(read, totalMemory),
    blkio: blkioOfV1(read),
    pids: known<CgroupStats["pids"]>({
      current: toNumber(read("pids", "pids.current")),
      limit: toNumber(read("pids", "pids.max")),
    }),
  };
}

function memoryOfV1(read: CgroupTexts, totalMemory: number): CgroupStats["memory"] {
  const usage = toNumber(read("memory", "memory.usage_in_bytes"));
  if (usage === undefined) return {};
  const failures = toNumber(read("memory", "memory.failcnt"));
  return known<CgroupStats["memory"]>({
    usage,
    max_usage: toNumber(read("memory", "memory.max_usage_in_bytes")),
    stats: parseKeyed(read("memory", "memory.stat")),
    failcnt: failures === 0 ? undefined : failures,
    limit: memoryLimit(toNumber(read("memory", "memory.limit_in_bytes")), totalMemory),
  });
}

function blkioOfV1(read: CgroupTexts): CgroupStats["blkio"] {
  const first = (...files: string[]): BlkioEntry[] => {
    for (const file of files) {
      const entries = parseBlkioV1(read("blkio", file));
      if (entries.length > 0) return entries;
    }
    return [];
  };
  return {
    ...EMPTY_BLKIO,
    io_service_bytes_recursive: first(
      "blkio.bfq.io_service_bytes_recursive",
      "blkio.throttle.io_service_bytes_recursive",
    ),
    io_serviced_recursive: first(
      "blkio.bfq.io_serviced_recursive",
      "blkio.throttle.io_serviced_recursive",
    ),
  };
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`. */
export function parseIoStat(text: string | undefined): {
  bytes: BlkioEntry[];
  operations: BlkioEntry[];
} {
  const bytes: BlkioEntry[] = [];
  const operations: BlkioEntry[] = [];
  for (const line of (text ?? "").split("\n")) {
    const [device = "", ...pairs] = line.split(" ");
    const [major, minor] = device.split(":").map(Number);
    if (major === undefined || minor === undefined) continue;
    for (const pair of pairs) {
      const [key, value] = pair.split("=");
      const entry = (op: string): BlkioEntry => ({ major, minor, op, value: Number(value) });
      if (key === "rbytes") bytes.push(entry("read"));
      if (key === "wbytes") bytes.push(entry("write"));
      if (key === "rios") operations.push(entry("read"));
      if (key === "wios") operations.push(entry("write"));
    }
  }
  return { bytes, operations };
}

/** What cgroup v2 says; `totalMemory` in bytes. The controller's name is of no account there. */
export function statsOfV2(read: CgroupTexts, totalMemory: number): CgroupStats {
  const cpu = parseKeyed(read("cpu", "cpu.stat"));
  const usage = toNumber(read("memory", "memory.current"));
  const io = parseIoStat(read("io", "io.stat"));
  const events = parseKeyed(read("memory", "memory.events"));
  return {
    cpu: {
      cpu_usage: {
        total_usage: (cpu["usage_usec"] ?? 0) * 1000,
        usage_in_kernelmode: (cpu["system_usec"] ?? 0) * 1000,
        usage_in_usermode: (cpu["user_usec"] ?? 0) * 1000,
      },
      throttling_data: {
        periods: cpu["nr_periods"] ?? 0,
        throttled_periods: cpu["nr_throttled"] ?? 0,
        throttled_time: (cpu["throttled_usec"] ?? 0) * 1000,
      },
    },
    memory:
      usage === undefined
        ? {}
        : known<CgroupStats["memory"]>({
            usage,
            max_usage: undefined,
            stats: parseKeyed(read("memory", "memory.stat")),
            failcnt: events["oom"] === 0 ? undefined : events["oom"],
            limit: memoryLimit(toNumber(read("memory", "memory.max")), totalMemory),
          }),
    blkio: {
      ...EMPTY_BLKIO,
      io_service_bytes_recursive: io.bytes,
      io_serviced_recursive: io.operations.length > 0 ? io.operations : null,
    },
    pids: known<CgroupStats["pids"]>({
      current: toNumber(read("pids", "pids.current")),
      limit: toNumber(read("pids", "pids.max")),
    }),
  };
}
