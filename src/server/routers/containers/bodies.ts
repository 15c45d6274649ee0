import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerTakeOver,
  ContainerUpdateRequest,
  DeviceMapping,
  DeviceRequest,
  EndpointIpamConfig,
  EndpointSettings,
  HealthConfig,
  HostConfig,
  LocalCopyRequest,
  LogConfig,
  Mount,
  NetworkingConfig,
  PortBinding,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
  WeightDevice,
} from "../../../spec/index.ts";
import {
  command,
  type Decoder,
  flag,
  integer,
  list,
  map,
  named,
  nullable,
  object,
  pair,
  type Shape,
  set,
  text,
  word,
} from "../../decode.ts";

const texts = nullable(list(text));
const textMap = map(text);
const throttles = nullable(
  list(object<ThrottleDevice>({ Path: text, Rate: integer }, { Path: "", Rate: 0 })),
);

export const healthConfig = named(
  "HealthConfig",
  object<HealthConfig>({
    Test: list(text),
    Interval: integer,
    Timeout: integer,
    StartPeriod: integer,
    StartInterval: integer,
    Retries: integer,
  }),
);

const configShape: Shape<Partial<ContainerConfig>> = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: nullable(set),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: nullable(command),
  Healthcheck: healthConfig,
  ArgsEscaped: flag,
  Image: text,
  Volumes: nullable(set),
  WorkingDir: text,
  Entrypoint: nullable(command),
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: texts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: integer,
  Shell: nullable(command),
};

const resourcesShape: Shape<Partial<Resources>> = {
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: text,
  BlkioWeight: integer,
  BlkioWeightDevice: nullable(
    list(object<WeightDevice>({ Path: text, Weight: integer }, { Path: "", Weight: 0 })),
  ),
  BlkioDeviceReadBps: throttles,
  BlkioDeviceWriteBps: throttles,
  BlkioDeviceReadIOps: throttles,
  BlkioDeviceWriteIOps: throttles,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: nullable(
    list(
      object<DeviceMapping>(
        { PathOnHost: text, PathInContainer: text, CgroupPermissions: text },
        { PathOnHost: "", PathInContainer: "", CgroupPermissions: "" },
      ),
    ),
  ),
  DeviceCgroupRules: texts,
  DeviceRequests: nullable(
    list(
      object<DeviceRequest>(
        {
          Driver: text,
          Count: integer,
          DeviceIDs: texts,
          Capabilities: nullable(list(list(text))),
          Options: nullable(textMap),
        },
        { Driver: "", Count: 0, DeviceIDs: null, Capabilities: null, Options: null },
      ),
    ),
  ),
  KernelMemoryTCP: integer,
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: nullable(integer),
  OomKillDisable: nullable(flag),
  PidsLimit: nullable(integer),
  Ulimits: nullable(
    list(
      object<Ulimit>({ Name: text, Soft: integer, Hard: integer }, { Name: "", Soft: 0, Hard: 0 }),
    ),
  ),
  CpuCount: integer,
  CpuPercent: integer,
  IOMaximumIOps: integer,
  IOMaximumBandwidth: integer,
};

const restartPolicy = named(
  "RestartPolicy",
  object<RestartPolicy>(
    { Name: word<RestartPolicy["Name"]>(), MaximumRetryCount: integer },
    { Name: "", MaximumRetryCount: 0 },
  ),
);

const mount = named(
  "Mount",
  object<Mount>(
    {
      Type: word<Mount["Type"]>(),
      Source: text,
      Target: text,
      ReadOnly: flag,
      Consistency: text,
      BindOptions: object<NonNullable<Mount["BindOptions"]>>({
        Propagation: text,
        NonRecursive: flag,
        CreateMountpoint: flag,
        ReadOnlyNonRecursive: flag,
        ReadOnlyForceRecursive: flag,
        IdMap: text,
      }),
      VolumeOptions: object<NonNullable<Mount["VolumeOptions"]>>({
        NoCopy: flag,
        Labels: textMap,
        DriverConfig: object<{ Name?: string; Options?: Record<string, string> }>({
          Name: text,
          Options: textMap,
        }),
        Subpath: text,
        IdMap: text,
      }),
      ImageOptions: object<NonNullable<Mount["ImageOptions"]>>({ Subpath: text }),
      TmpfsOptions: object<NonNullable<Mount["TmpfsOptions"]>>({
        SizeBytes: integer,
        Mode: integer,
        Options: list(list(text)),
      }),
    },
    { Type: "" as Mount["Type"], Target: "" },
  ),
);

export const portBinding = named(
  "PortBinding",
  object<PortBinding>({ HostIp: text, HostPort: text }, { HostIp: "", HostPort: "" }),
);

export const hostConfig = named(
  "HostConfig",
  object<Partial<HostConfig>>({
    ...resourcesShape,
    Binds: texts,
    ContainerIDFile: text,
    LogConfig: object<LogConfig>({ Type: text, Config: textMap }, { Type: "", Config: {} }),
    NetworkMode: text,
    PortBindings: nullable(map(nullable(list(portBinding)))),
    RestartPolicy: restartPolicy,
    AutoRemove: flag,
    VolumeDriver: text,
    VolumesFrom: texts,
    ConsoleSize: pair,
    Annotations: textMap,
    CapAdd: nullable(command),
    CapDrop: nullable(command),
    CgroupnsMode: text,
    Dns: texts,
    DnsOptions: texts,
    DnsSearch: texts,
    ExtraHosts: texts,
    GroupAdd: texts,
    IpcMode: text,
    Cgroup: text,
    Links: texts,
    OomScoreAdj: integer,
    PidMode: text,
    Privileged: flag,
    PublishAllPorts: flag,
    ReadonlyRootfs: flag,
    SecurityOpt: texts,
    StorageOpt: textMap,
    Tmpfs: textMap,
    UTSMode: text,
    UsernsMode: text,
    ShmSize: integer,
    Sysctls: textMap,
    Runtime: text,
    Isolation: text,
    Mounts: list(mount),
    MaskedPaths: texts,
    ReadonlyPaths: texts,
    Init: flag,
  }),
);

/** What a client may ask of an endpoint; the rest of EndpointSettings is the engine's to fill in. */
export const endpointSettings: Decoder<Partial<EndpointSettings>> = named(
  "EndpointSettings",
  object({
    IPAMConfig: nullable(
      object<EndpointIpamConfig>({
        IPv4Address: text,
        IPv6Address: text,
        LinkLocalIPs: list(text),
      }),
    ),
    Links: texts,
    Aliases: texts,
    MacAddress: text,
    DriverOpts: nullable(textMap),
    GwPriority: integer,
    NetworkID: text,
    EndpointID: text,
    Gateway: text,
    IPAddress: text,
    IPPrefixLen: integer,
    IPv6Gateway: text,
    GlobalIPv6Address: text,
    GlobalIPv6PrefixLen: integer,
    DNSNames: texts,
  }),
);

export const containerConfig: Decoder<Partial<ContainerConfig>> = named(
  "ContainerConfig",
  object(configShape),
);

export const containerCreateRequest: Decoder<ContainerCreateRequest> = object({
  ...configShape,
  HostConfig: hostConfig,
  NetworkingConfig: object<NetworkingConfig>({
    EndpointsConfig: nullable(map(nullable(endpointSettings))),
  }),
});

export const containerUpdateRequest: Decoder<ContainerUpdateRequest> = object({
  ...resourcesShape,
  RestartPolicy: restartPolicy,
  PublishAdd: map(nullable(list(portBinding))),
  PublishRemove: map(nullable(list(portBinding))),
  TakeOver: object<ContainerTakeOver>(
    {
      From: text,
      PortBindings: map(nullable(list(portBinding))),
      Aliases: map(list(text)),
    },
    { From: "" },
  ),
});

export const localCopyBody = object<LocalCopyRequest>(
  {
    direction: word<LocalCopyRequest["direction"]>(),
    fileView: text,
    hostPath: text,
    path: text,
    name: text,
    archive: flag,
  },
  { direction: "in", fileView: "", hostPath: "", path: "", archive: false },
);
