import { expect, test } from "bun:test";
import type { DiskUsage } from "../../spec/index.ts";
import { usageSums } from "./usage-sums.ts";

const usage = {
  LayersSize: 100,
  Images: [
    { Containers: 1, Size: 60, SharedSize: 20 },
    { Containers: 0, Size: 80, SharedSize: 20 },
  ],
  Containers: [
    { State: "running", SizeRw: 5 },
    { State: "exited", SizeRw: 7 },
  ],
  Volumes: [{ UsageData: { RefCount: 0, Size: 11 } }, { UsageData: { RefCount: 2, Size: 13 } }],
  BuildCache: [
    { InUse: false, Shared: false, Size: 17 },
    { InUse: false, Shared: true, Size: 19 },
  ],
} as unknown as DiskUsage;

test("usageSums() tells what is in use, what it takes and what could go", () => {
  const sums = usageSums(usage, false);
  const counts = { ActiveCount: 1, TotalCount: 2 };
  expect(sums.ImageUsage).toEqual({ ...counts, TotalSize: 100, Reclaimable: 60 });
  expect(sums.ContainerUsage).toEqual({ ...counts, TotalSize: 12, Reclaimable: 7 });
  expect(sums.VolumeUsage).toEqual({ ...counts, TotalSize: 24, Reclaimable: 11 });
  expect(sums.BuildCacheUsage).toEqual({
    ActiveCount: 0,
    TotalCount: 2,
    TotalSize: 17,
    Reclaimable: 17,
  });
});

test("usageSums() holds the lists when asked for them, and no sum of what is not there", () => {
  const sums = usageSums({ ...usage, Volumes: null }, true);
  expect(sums.ContainerUsage?.Items).toBe(usage.Containers as never);
  expect(sums.VolumeUsage).toBeUndefined();
});
