import { describe, expect, test } from "bun:test";
import { blkioToIoWeight, limitsOfV1, limitsOfV2, sharesToWeight } from "./cgroup-limits.ts";

const MB = 1024 * 1024;
const lines = (writes: ReturnType<typeof limitsOfV1>) =>
  writes.map(({ file, value }) => `${file}=${value}`);
const nothing = { memory: undefined };

describe("limitsOfV2()", () => {
  test("maps the runtime-spec's values to v2's scales", () => {
    const writes = limitsOfV2(
      {
        memory: { limit: 64 * MB, swap: 96 * MB, reservation: 32 * MB },
        cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: "0-1", mems: "0" },
        pids: { limit: 10 },
        blockIO: {
          weight: 500,
          throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 7 }],
        },
        unified: { "memory.high": "1000" },
      },
      nothing,
    );
    expect(lines(writes)).toEqual([
      `memory.swap.max=${32 * MB}`,
      `memory.max=${64 * MB}`,
      `memory.low=${32 * MB}`,
      "cpu.weight=39",
      "cpu.max=50000 100000",
      "cpuset.cpus=0-1",
      "cpuset.mems=0",
      "pids.max=10",
      "io.weight=default 4950",
      "io.max=8:0 rbps=1000",
      "io.max=8:0 wiops=7",
      "memory.high=1000",
    ]);
  });

  test("no limit is max; swap alone counts from the present limit", () => {
    expect(lines(limitsOfV2({ memory: { limit: -1 }, pids: { limit: -1 } }, nothing))).toEqual([
      "memory.swap.max=max",
      "memory.max=max",
      "pids.max=max",
    ]);
    expect(lines(limitsOfV2({ memory: { swap: 96 * MB } }, { memory: 64 * MB }))).toEqual([
      `memory.swap.max=${32 * MB}`,
    ]);
    expect(lines(limitsOfV2({ cpu: { quota: -1 } }, nothing))).toEqual(["cpu.max=max 100000"]);
    expect(limitsOfV2({}, nothing)).toEqual([]);
  });
});

describe("limitsOfV1()", () => {
  test("memory and swap change in the order that the kernel takes", () => {
    const shrink = limitsOfV1({ memory: { limit: MB, swap: 2 * MB } }, { memory: 8 * MB });
    expect(lines(shrink)).toEqual([
      `memory.limit_in_bytes=${MB}`,
      `memory.memsw.limit_in_bytes=${2 * MB}`,
    ]);
    const grow = limitsOfV1({ memory: { limit: 16 * MB, swap: 32 * MB } }, { memory: 8 * MB });
    expect(lines(grow)).toEqual([
      `memory.memsw.limit_in_bytes=${32 * MB}`,
      `memory.limit_in_bytes=${16 * MB}`,
    ]);
    const free = limitsOfV1({ memory: { limit: -1 } }, { memory: 8 * MB });
    expect(lines(free)).toEqual(["memory.memsw.limit_in_bytes=-1", "memory.limit_in_bytes=-1"]);
  });
});

test("weights keep their ends", () => {
  expect([2, 1024, 262144, 0].map(sharesToWeight)).toEqual([1, 39, 10000, 0]);
  expect([10, 1000, 0].map(blkioToIoWeight)).toEqual([1, 10000, 0]);
});
