import { MASKED_PATHS, READONLY_PATHS, type RuntimeHost } from "../../runtime/index.ts";
import type {
  ContainerConfig,
  ContainerCreateRequest,
  HostConfig,
  NetworkingConfig,
} from "../../spec/index.ts";

export interface CompleteCreateRequest {
  config: ContainerConfig;
  hostConfig: HostConfig;
  networkingConfig: NetworkingConfig;
}

/** Bytes. */
const SHM_SIZE = 64 * 1024 * 1024;

const DEFAULT_CONFIG: ContainerConfig = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
};

const DEFAULT_HOST_CONFIG: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "", Config: {} },
  NetworkMode: "default",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: SHM_SIZE,
  Runtime: "",
  Isolation: "",
  MaskedPaths: null,
  ReadonlyPaths: null,
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

/** Without the properties that are null or undefined, so that defaults show through. */
function given<T extends object>(values: T | undefined): Partial<T> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<T>;
}

/** What Docker works out from the request and the host before it stores a container. */
function adapt(hostConfig: HostConfig, host: RuntimeHost): HostConfig {
  const swap =
    hostConfig.Memory > 0 && hostConfig.MemorySwap === 0
      ? hostConfig.Memory * 2
      : hostConfig.MemorySwap;
  const masked = hostConfig.Privileged ? [] : [...MASKED_PATHS, ...host.maskedPaths];
  const readonly = hostConfig.Privileged ? [] : [...READONLY_PATHS];
  // -1 is how clients say "as the host has it".
  const swappiness = hostConfig.MemorySwappiness === -1 ? null : hostConfig.MemorySwappiness;
  const pids = hostConfig.PidsLimit;
  return {
    ...hostConfig,
    MemorySwap: swap,
    MemorySwappiness: swappiness,
    PidsLimit: pids !== null && pids <= 0 ? null : pids,
    OomKillDisable: hostConfig.OomKillDisable ?? (host.limits.oomKillDisable ? false : null),
    ShmSize: hostConfig.ShmSize || SHM_SIZE,
    IpcMode: hostConfig.IpcMode || "private",
    CgroupnsMode: hostConfig.CgroupnsMode || (host.cgroup.mode === "v2" ? "private" : "host"),
    MaskedPaths: hostConfig.MaskedPaths ?? masked,
    ReadonlyPaths: hostConfig.ReadonlyPaths ?? readonly,
  };
}

/** Fills in what a create request leaves out with Docker's defaults; validates nothing. */
export function completeCreateRequest(
  request: ContainerCreateRequest,
  host: RuntimeHost,
): CompleteCreateRequest {
  const { HostConfig: asked, NetworkingConfig: networking, ...config } = request;
  const hostConfig: HostConfig = {
    ...DEFAULT_HOST_CONFIG,
    CgroupnsMode: "",
    ShmSize: 0,
    ...given(asked),
  };
  return {
    config: { ...DEFAULT_CONFIG, ...given(config) },
    hostConfig: adapt(hostConfig, host),
    networkingConfig: networking ?? {},
  };
}
