import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import type { RuntimeHost } from "../../runtime/index.ts";
import type { ContainerCreateRequest, HostConfig, Resources } from "../../spec/index.ts";
import {
  completeCreateRequest,
  validateCreate,
  validateResources,
} from "./validate-host-config.ts";

const host: RuntimeHost = {
  cgroup: { mode: "v1", v1: new Map(), unified: undefined, unifiedControllers: new Set() },
  limits: {
    memory: true,
    swap: true,
    memoryReservation: true,
    memorySwappiness: true,
    oomKillDisable: true,
    kernelMemoryTcp: true,
    pids: true,
    cpuShares: true,
    cpuCfs: true,
    cpuRealtime: true,
    cpuset: true,
    blkioWeight: true,
    blkioWeightDevice: true,
    blkioReadBps: true,
    blkioWriteBps: true,
    blkioReadIops: true,
    blkioWriteIops: true,
    cgroupNamespaces: true,
    cpus: "0-1",
    mems: "0",
  },
  cgroupDriver: "cgroupfs",
  appArmor: { enabled: false },
  selinux: false,
  seccomp: true,
  kernel: 6001,
  hardLimits: {},
  canRaiseLimits: false,
  capabilities: [],
  maskedPaths: [],
  init: { missing: "none" },
};
const nothing = Object.fromEntries(
  Object.entries(host.limits).map(([key, value]) => [key, value === true ? false : value]),
) as unknown as RuntimeHost["limits"];
const cpus = availableParallelism();

const create = (request: ContainerCreateRequest, on = host) =>
  validateCreate(undefined, completeCreateRequest(request, on), on);
const createWith = (hostConfig: Partial<HostConfig>, on = host) =>
  create({ HostConfig: { NetworkMode: "none", ...hostConfig } }, on);

describe("validateCreate() refuses as Docker does", () => {
  const refused: [Partial<HostConfig>, string][] = [
    [{ Memory: 1000 }, "Minimum memory limit allowed is 6MB"],
    [
      { Memory: 8_000_000, MemorySwap: 7_000_000 },
      "Minimum memoryswap limit should be larger than memory limit, see usage",
    ],
    [
      { MemorySwap: 7_000_000 },
      "You should always set the Memory limit when using Memoryswap limit, see usage",
    ],
    [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
    [{ MemoryReservation: 1 }, "Minimum memory reservation allowed is 6MB"],
    [
      { Memory: 8_000_000, MemoryReservation: 9_000_000 },
      "Minimum memory limit can not be less than memory reservation limit, see usage",
    ],
    [
      { NanoCpus: 1e15 },
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    ],
    [
      { NanoCpus: 1e9, CpuPeriod: 5000 },
      "Conflicting options: Nano CPUs and CPU Period cannot both be set",
    ],
    [
      { CpuPeriod: 1 },
      "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    ],
    [{ CpuQuota: 1 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
    [{ CpusetCpus: "9" }, "Requested CPUs are not available - requested 9, available: 0-1"],
    [{ CpusetCpus: "x" }, "Invalid value x for cpuset cpus: invalid format: x"],
    [{ CpusetMems: "7" }, "Requested memory nodes are not available - requested 7, available: 0"],
    [{ BlkioWeight: 1 }, "Range of blkio weight is from 10 to 1000"],
    [{ OomScoreAdj: 2000 }, "Invalid value 2000, range for oom score adj is [-1000, 1000]"],
    [{ ShmSize: -1 }, "SHM size can not be less than 0"],
    [{ IpcMode: "foo" }, "invalid IPC mode: foo"],
    [{ IpcMode: "container:" }, "invalid IPC mode: container:"],
    [{ PidMode: "foo" }, "invalid PID mode: foo"],
    [{ UTSMode: "foo" }, "invalid UTS mode: foo"],
    [{ UsernsMode: "keep-id" }, "invalid user namespace mode: keep-id"],
    [{ CgroupnsMode: "foo" }, "invalid cgroup namespace mode: foo"],
    [{ Isolation: "hyperv" }, "invalid isolation (hyperv): linux only supports 'default'"],
    [{ CapAdd: ["FOO"] }, 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    [{ CapDrop: ["foo"] }, 'invalid CapDrop: unknown capability: "CAP_FOO"'],
    [{ SecurityOpt: ["foo"] }, 'invalid --security-opt 1: "foo"'],
    [{ SecurityOpt: ["foo=bar"] }, 'invalid --security-opt 2: "foo=bar"'],
    [{ DeviceCgroupRules: ["x"] }, "invalid device cgroup rule format: 'x'"],
    [{ ExtraHosts: ["x"] }, 'bad format for add-host: "x"'],
    [{ ExtraHosts: ["x:y"] }, 'invalid IP address in add-host: "y"'],
    [{ PortBindings: { "x/tcp": [] } }, 'invalid port specification: "x/tcp"'],
    [
      { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "x" }] } },
      'invalid port specification: "x"',
    ],
    [{ CpuShares: 1 }, "the minimum allowed cpu-shares is 2"],
    [
      { NetworkMode: "container:" },
      "Invalid network mode: invalid container format container:<name|id>",
    ],
    [
      { NetworkMode: "container:x", Dns: ["1.1.1.1"] },
      "conflicting options: dns and the network mode",
    ],
    [
      { NetworkMode: "container:x", PublishAllPorts: true },
      "conflicting options: port publishing and the container type network mode",
    ],
    [
      { NetworkMode: "host", Links: ["a"] },
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    ],
  ];
  for (const [hostConfig, message] of refused) {
    test(JSON.stringify(hostConfig), () => {
      expect(() => createWith(hostConfig)).toThrow(message);
    });
  }

  const configs: [ContainerCreateRequest, string][] = [
    [{ WorkingDir: "x" }, "the working directory 'x' is invalid, it needs to be an absolute path"],
    [{ Env: ["=x"] }, "invalid environment variable: =x"],
    [{ StopSignal: "FOO" }, "invalid signal: FOO"],
    [
      { Healthcheck: { Test: ["CMD", "true"], Interval: 5 } },
      "Interval in Healthcheck cannot be less than 1ms",
    ],
    [{ Healthcheck: { Retries: -1 } }, "Retries in Healthcheck cannot be negative"],
    [
      { Hostname: "h", HostConfig: { UTSMode: "host" } },
      "conflicting options: hostname and the UTS mode",
    ],
    [
      { Hostname: "h", HostConfig: { NetworkMode: "container:x" } },
      "conflicting options: hostname and the network mode",
    ],
  ];
  for (const [request, message] of configs) {
    test(JSON.stringify(request), () => {
      expect(() => create(request)).toThrow(message);
    });
  }

  test("a name that is none", () => {
    const request = completeCreateRequest({}, host);
    expect(() => validateCreate("_b", request, host)).toThrow(
      "Invalid container name (_b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    );
  });
});

describe("validateCreate() lets pass", () => {
  test("what is well-formed, without a warning", () => {
    expect(
      create({
        Env: ["A"],
        StopSignal: "rtmin+3",
        HostConfig: {
          NetworkMode: "host",
          Memory: 8_000_000,
          CpusetCpus: "0,1",
          ExtraHosts: ["a:1.2.3.4", "b=[::1]", "c:host-gateway"],
          SecurityOpt: ["no-new-privileges", "label=disable", "seccomp=unconfined"],
          CapAdd: ["all"],
          DeviceCgroupRules: ["c 42:* rmw"],
          BlkioWeight: 500,
        },
      }),
    ).toEqual([]);
  });

  test("what the kernel cannot enforce, with Docker's warning and without the limit", () => {
    const request = completeCreateRequest(
      {
        HostConfig: {
          NetworkMode: "none",
          Memory: 8_000_000,
          BlkioWeight: 500,
          PidsLimit: 5,
          CpuPercent: 3,
        },
      },
      host,
    );
    const warnings = validateCreate(undefined, request, { ...host, limits: nothing });
    expect(warnings).toEqual([
      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
      "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.",
      "linux does not support CPU percent. Percent discarded.",
      "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
    ]);
    expect(request.hostConfig).toMatchObject({ Memory: 0, BlkioWeight: 0, PidsLimit: null });
  });

  test("disabling OOM kills without a limit, with a warning", () => {
    expect(createWith({ OomKillDisable: true })).toEqual([
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    ]);
  });
});

describe("completeCreateRequest()", () => {
  test("fills in Docker's defaults", () => {
    const { config, hostConfig } = completeCreateRequest({ Image: "x", Cmd: ["y"] }, host);
    expect(config).toMatchObject({ Image: "x", Cmd: ["y"], Env: null, Labels: {}, Tty: false });
    expect(hostConfig).toMatchObject({
      NetworkMode: "default",
      IpcMode: "private",
      CgroupnsMode: "host",
      ShmSize: 67108864,
      OomKillDisable: false,
      PidsLimit: null,
    });
    expect(hostConfig.MaskedPaths).toContain("/proc/kcore");
  });

  test("swap is twice the memory; privileged hides nothing; v2 has a cgroup namespace", () => {
    const v2: RuntimeHost = { ...host, cgroup: { ...host.cgroup, mode: "v2" } };
    const { hostConfig } = completeCreateRequest(
      { HostConfig: { Memory: 10_000_000, Privileged: true, PidsLimit: 0 } },
      v2,
    );
    expect(hostConfig).toMatchObject({
      MemorySwap: 20_000_000,
      MaskedPaths: [],
      ReadonlyPaths: [],
      CgroupnsMode: "private",
      PidsLimit: null,
    });
  });
});

test("validateResources() lets an update set swap alone", () => {
  const limits: Partial<Resources> = { MemorySwap: 900_000_000 };
  expect(validateResources(limits, host, { update: true })).toEqual([]);
});
