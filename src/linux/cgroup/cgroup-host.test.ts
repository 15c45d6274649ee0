import { describe, expect, test } from "bun:test";
import { type CgroupHost, hasController, parseCgroupMounts } from "./cgroup-host.ts";

const V1 = `25 20 0:23 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
26 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
27 25 0:25 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
28 25 0:26 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd
29 25 0:25 /docker/abc /var/view rw - cgroup cgroup rw,memory
30 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`;

describe("parseCgroupMounts()", () => {
  test("finds controllers that share a hierarchy, the named one, and v2", () => {
    const { v1, unified } = parseCgroupMounts(V1);
    expect(Object.fromEntries(v1)).toEqual({
      cpu: "/sys/fs/cgroup/cpu,cpuacct",
      cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
      memory: "/sys/fs/cgroup/memory",
      systemd: "/sys/fs/cgroup/systemd",
    });
    expect(unified).toBe("/sys/fs/cgroup/unified");
  });

  test("finds a host with v2 alone", () => {
    const { v1, unified } = parseCgroupMounts(
      "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate",
    );
    expect(v1.size).toBe(0);
    expect(unified).toBe("/sys/fs/cgroup");
  });
});

test("hasController() knows v2's own names and what it always has", () => {
  const host: CgroupHost = {
    mode: "v2",
    v1: new Map(),
    unified: "/sys/fs/cgroup",
    unifiedControllers: new Set(["cpu", "io", "memory"]),
  };
  const names = ["memory", "blkio", "freezer", "devices", "pids"];
  expect(names.filter((name) => hasController(host, name))).toEqual([
    "memory",
    "blkio",
    "freezer",
    "devices",
  ]);
});
