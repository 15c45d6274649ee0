import { describe, expect, test } from "bun:test";
import { cgroupNames, expandSlice } from "./cgroup-path.ts";
import { parseDeviceRule, resolveDevices } from "./devices.ts";
import { encodeRuntimeProcess } from "./encode-spec.ts";
import { parseRuntimeVersion } from "./probe-runtime.ts";
import { resolveResources } from "./resources.ts";
import { resolveRlimits } from "./rlimits.ts";
import { kernelNumber, parseHardLimits } from "./runtime-host.ts";
import { resolveSysctls } from "./sysctls.ts";

test("resolveResources() names what is asked for and nothing else", () => {
  expect(resolveResources({ Memory: 0, CpuShares: 0, PidsLimit: null })).toEqual({});
  expect(
    resolveResources({
      Memory: 100,
      MemorySwap: -1,
      MemorySwappiness: 0,
      NanoCpus: 1_500_000_000,
      CpusetCpus: "0",
      PidsLimit: -1,
      BlkioDeviceReadBps: [{ Path: "/dev/null", Rate: 5 }],
    }),
  ).toEqual({
    memory: { limit: 100, swap: -1, swappiness: 0 },
    cpu: { quota: 150_000, period: 100_000, cpus: "0" },
    pids: { limit: -1 },
    blockIO: { throttleReadBpsDevice: [{ major: 1, minor: 3, rate: 5 }] },
  });
  expect(() => resolveResources({ BlkioDeviceReadBps: [{ Path: "/dev/nope", Rate: 1 }] })).toThrow(
    "stat /dev/nope: no such file or directory",
  );
});

describe("resolveRlimits()", () => {
  const host = { hardLimits: { nofile: 1000 }, canRaiseLimits: false };
  const resolve = (asked: [number, number][], defaults: [number, number][], on = host) => {
    const toUlimit = ([Soft, Hard]: [number, number]) => ({ Name: "nofile", Soft, Hard });
    const warnings: string[] = [];
    const limits = resolveRlimits(asked.map(toUlimit), defaults.map(toUlimit), on, (text) =>
      warnings.push(text),
    );
    return { limits: limits.map(({ soft, hard }) => [soft, hard]), warnings };
  };
  test("takes the user's as they are and refuses what cannot be given", () => {
    expect(resolve([[10, 20]], [[1, 2]]).limits).toEqual([[10, 20]]);
    expect(() => resolve([[10, 2000]], [])).toThrow("above the engine's own 1000");
    expect(() => resolve([[10, -1]], [])).toThrow("lacks CAP_SYS_RESOURCE");
    expect(() => resolve([[20, 10]], [])).toThrow("soft limit must be less than or equal");
  });
  test("cuts the daemon's defaults down, with a warning", () => {
    const { limits, warnings } = resolve([], [[1024, -1]]);
    expect(limits).toEqual([[1000, 1000]]);
    expect(warnings).toHaveLength(1);
  });
  test("gives anything where it may", () => {
    const { limits } = resolve([[-1, -1]], [], { ...host, canRaiseLimits: true });
    expect(limits).toEqual([[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]]);
  });
});

test("encodeRuntimeProcess() writes unlimited as the specification's number", () => {
  const text = encodeRuntimeProcess({
    cwd: "/",
    args: [],
    env: ["A=18446744073709552000"],
    user: { uid: 0, gid: 0 },
    rlimits: [{ type: "RLIMIT_CORE", soft: 5, hard: Number.POSITIVE_INFINITY }],
  });
  expect(text).toContain('"soft":5,"hard":18446744073709551615}');
  expect(text).toContain("A=18446744073709552000");
});

describe("resolveSysctls()", () => {
  const own = { networkHost: false, ipcHost: false, utsHost: false };
  const resolve = (name: string, context = own) =>
    resolveSysctls({ Sysctls: { [name]: "1" } }, "", context)[name];
  test("allows what belongs to the container", () => {
    for (const name of ["net.core.somaxconn", "kernel.shmmax", "fs.mqueue.msg_max"]) {
      expect(resolve(name)).toBe("1");
    }
    expect(resolve("net/ipv4/conf/eth0.1/rp_filter")).toBe("1");
  });
  test("refuses what would change the host, in the words of Docker's runtime", () => {
    expect(() => resolve("vm.swappiness")).toThrow(
      'sysctl "vm.swappiness" is not in a separate kernel namespace',
    );
    expect(() => resolve("kernel.hostname")).toThrow('conflicts with the OCI "hostname" field');
    expect(() => resolve("net.core.somaxconn", { ...own, networkHost: true })).toThrow(
      "not allowed in host network namespace",
    );
    expect(() => resolve("kernel.sem", { ...own, ipcHost: true })).toThrow("hosts ipc namespace");
    expect(() => resolve("kernel/sched/x")).toThrow("separate kernel namespace");
  });
  test("lets anyone ping and listen, unless the network is the host's", () => {
    expect(resolveSysctls({}, "dom", own)).toEqual({
      "net.ipv4.ip_unprivileged_port_start": "0",
      "net.ipv4.ping_group_range": "0 2147483647",
      "kernel.domainname": "dom",
    });
    expect(resolveSysctls({}, "", { ...own, networkHost: true })).toEqual({});
  });
});

describe("resolveDevices()", () => {
  const device = (PathOnHost: string, PathInContainer = "") =>
    resolveDevices({
      Privileged: false,
      Devices: [{ PathOnHost, PathInContainer, CgroupPermissions: "r" }],
      DeviceCgroupRules: ["b 8:* rw"],
    });
  test("takes links and folders, with a rule for each", () => {
    const { devices, rules } = device("/proc/self/cwd/../../../../../../dev/null", "/dev/x");
    expect(devices).toMatchObject([{ type: "c", path: "/dev/x", major: 1, minor: 3 }]);
    expect(rules.slice(-2)).toEqual([
      { allow: true, type: "c", major: 1, minor: 3, access: "r" },
      { allow: true, type: "b", major: 8, access: "rw" },
    ]);
    expect(rules[0]).toEqual({ allow: false, access: "rwm" });
  });
  test("refuses what is none", () => {
    const prefix = "error gathering device information while adding custom device";
    expect(() => device("/dev/nope")).toThrow(`${prefix} "/dev/nope": no such file or directory`);
    expect(() => device("/etc/passwd")).toThrow(`${prefix} "/etc/passwd": not a device node`);
    expect(() => parseDeviceRule("x 1:2 r")).toThrow("invalid device cgroup rule format");
  });
});

test("cgroupNames() follows the driver and stays below the root", () => {
  const cgroupfs = { cgroupDriver: "cgroupfs" } as const;
  const systemd = { cgroupDriver: "systemd" } as const;
  expect(cgroupNames(cgroupfs, "x").path).toBe("/berth/x");
  expect(cgroupNames(cgroupfs, "x", "../../a").cgroupsPath).toBe("/a/x");
  expect(cgroupNames(systemd, "x")).toEqual({
    cgroupsPath: "system.slice:berth:x",
    path: "/system.slice/berth-x.scope",
  });
  expect(cgroupNames(systemd, "x", "a-b.slice").path).toBe("/a.slice/a-b.slice/berth-x.scope");
  expect(expandSlice("-.slice")).toBe("");
});

test("hosts and runtimes are read as they write themselves", () => {
  expect(kernelNumber("5.12.0-rc1")).toBe(5012);
  const limits =
    "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 4096                 files     \nMax core file size        0                    unlimited            bytes     \n";
  expect(parseHardLimits(limits)).toEqual({ nofile: 4096, core: Number.POSITIVE_INFINITY });
  expect(
    parseRuntimeVersion("crun version 1.8.1\ncommit: abc\nspec: 1.0.0\n+SYSTEMD +SECCOMP\n"),
  ).toEqual({ program: "crun", version: "1.8.1", commit: "abc", features: ["SYSTEMD", "SECCOMP"] });
});
