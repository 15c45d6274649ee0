import { describe, expect, test } from "bun:test";
import { parseBlkioV1, parseIoStat, statsOfV1, statsOfV2 } from "./cgroup-stats.ts";

const GB = 1024 ** 3;
const reader = (files: Record<string, string>) => (_: string, file: string) => files[file];

describe("statsOfV2()", () => {
  // As a v2 host has them for a container with limits.
  const files = {
    "cpu.stat":
      "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 7000\n",
    "memory.current": "10485760\n",
    "memory.max": "67108864\n",
    "memory.stat": "anon 4096\nfile 8192\ninactive_file 2048\n",
    "memory.events": "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n",
    "io.stat":
      "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n259:1 rbytes=1 wbytes=0 rios=1 wios=0\n",
    "pids.current": "4\n",
    "pids.max": "100\n",
  };

  test("puts the files into the Engine API's form", () => {
    const stats = statsOfV2(reader(files), GB);
    expect(stats.cpu).toEqual({
      cpu_usage: {
        total_usage: 1_500_000_000,
        usage_in_kernelmode: 500_000_000,
        usage_in_usermode: 1_000_000_000,
      },
      throttling_data: { periods: 10, throttled_periods: 3, throttled_time: 7_000_000 },
    });
    expect(stats.memory).toEqual({
      usage: 10485760,
      stats: { anon: 4096, file: 8192, inactive_file: 2048 },
      failcnt: 2,
      limit: 67108864,
    });
    expect(stats.pids).toEqual({ current: 4, limit: 100 });
    expect(stats.blkio["io_service_bytes_recursive"]).toEqual([
      { major: 8, minor: 0, op: "read", value: 4096 },
      { major: 8, minor: 0, op: "write", value: 8192 },
      { major: 259, minor: 1, op: "read", value: 1 },
      { major: 259, minor: 1, op: "write", value: 0 },
    ]);
    expect(stats.blkio["sectors_recursive"]).toBeNull();
  });

  test("no limit is the machine's memory, no controller leaves its part out", () => {
    const unlimited = { ...files, "memory.max": "max\n", "pids.max": "max\n" };
    const stats = statsOfV2(reader(unlimited), GB);
    expect(stats.memory.limit).toBe(GB);
    expect(stats.pids).toEqual({ current: 4 });
    const none = statsOfV2(reader({}), GB);
    expect(none.memory).toEqual({});
    expect(none.pids).toEqual({});
    expect(none.cpu.cpu_usage.total_usage).toBe(0);
  });
});

describe("statsOfV1()", () => {
  test("puts the files into the Engine API's form", () => {
    const stats = statsOfV1(
      reader({
        "cpuacct.usage": "123456789\n",
        "cpuacct.usage_percpu": "100 200 \n",
        "cpuacct.stat": "user 5\nsystem 7\n",
        "cpu.stat": "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n",
        "memory.usage_in_bytes": "4096\n",
        "memory.max_usage_in_bytes": "8192\n",
        "memory.limit_in_bytes": "9223372036854771712\n",
        "memory.failcnt": "0\n",
        "memory.stat": "cache 1\ntotal_inactive_file 2\n",
        "blkio.throttle.io_service_bytes_recursive": "254:0 Read 10\n254:0 Write 20\nTotal 30\n",
        "pids.current": "1\n",
        "pids.max": "max\n",
      }),
      GB,
    );
    expect(stats.cpu.cpu_usage).toEqual({
      total_usage: 123456789,
      percpu_usage: [100, 200],
      usage_in_kernelmode: 70_000_000,
      usage_in_usermode: 50_000_000,
    });
    expect(stats.memory).toEqual({
      usage: 4096,
      max_usage: 8192,
      limit: GB,
      stats: { cache: 1, total_inactive_file: 2 },
    });
    expect(stats.blkio["io_service_bytes_recursive"]).toHaveLength(2);
    expect(stats.pids).toEqual({ current: 1 });
  });
});

test("parsers pass over lines that are none", () => {
  expect(parseBlkioV1("Total 5\n\n8:0 Read x\n")).toEqual([]);
  expect(parseIoStat("8:0\n\nnonsense\n").bytes).toEqual([]);
  expect(parseIoStat(undefined)).toEqual({ bytes: [], operations: [] });
});
