/** What the system's calls answer, as schemas. */
import type {
  AuthResponse,
  BuildCacheRecord,
  BuildPruneReport,
  ContainerSummary,
  DiskUsage,
  EventMessage,
  ImageSummary,
  RuntimeInfo,
  SystemInfo,
  SystemVersion,
  UsageSum,
  VersionComponent,
  Volume,
} from "../../../spec/index.ts";
import {
  type Decoder,
  flag,
  integer,
  list,
  map,
  named,
  nothing,
  nullable,
  object,
  text,
  word,
} from "../../decode.ts";
import { containerSummary } from "../containers/answers.ts";
import { imageSummary } from "../images/answers.ts";
import { volume } from "../volumes/answers.ts";

const texts = list(text);
/** Pairs of a name and a value. */
const pairs = list(texts) as Decoder<unknown> as Decoder<[string, string][]>;
const commit = named("Commit", object<{ ID: string }>({ ID: text }));

type Registry = SystemInfo["RegistryConfig"];
type Index = Registry["IndexConfigs"][string];

export const systemInfo = named(
  "SystemInfo",
  object<SystemInfo>({
    ID: text,
    Containers: integer,
    ContainersRunning: integer,
    ContainersPaused: integer,
    ContainersStopped: integer,
    Images: integer,
    Driver: text,
    DriverStatus: pairs,
    DockerRootDir: text,
    Plugins: named(
      "PluginsInfo",
      object<SystemInfo["Plugins"]>({
        Volume: texts,
        Network: texts,
        Authorization: nullable(texts),
        Log: texts,
      }),
    ),
    MemoryLimit: flag,
    SwapLimit: flag,
    CpuCfsPeriod: flag,
    CpuCfsQuota: flag,
    CPUShares: flag,
    CPUSet: flag,
    PidsLimit: flag,
    OomKillDisable: flag,
    IPv4Forwarding: flag,
    Debug: flag,
    NFd: integer,
    NGoroutines: integer,
    SystemTime: text,
    LoggingDriver: text,
    CgroupDriver: word("cgroupfs", "systemd", "none") as Decoder<string>,
    CgroupVersion: word("1", "2"),
    NEventsListener: integer,
    KernelVersion: text,
    OperatingSystem: text,
    OSVersion: text,
    OSType: text,
    Architecture: text,
    NCPU: integer,
    MemTotal: integer,
    IndexServerAddress: text,
    RegistryConfig: named(
      "RegistryServiceConfig",
      object<Registry>({
        IndexConfigs: map(
          object<Index>({ Name: text, Mirrors: texts, Secure: flag, Official: flag }),
        ),
        InsecureRegistryCIDRs: texts,
        Mirrors: texts,
      }),
    ),
    GenericResources: nothing,
    HttpProxy: text,
    HttpsProxy: text,
    NoProxy: text,
    Name: text,
    Labels: texts,
    ExperimentalBuild: flag,
    ServerVersion: text,
    Runtimes: map(named("Runtime", object<RuntimeInfo>({ path: text, status: map(text) }))),
    DefaultRuntime: text,
    Swarm: named(
      "SwarmInfo",
      object<SystemInfo["Swarm"]>({
        NodeID: text,
        NodeAddr: text,
        LocalNodeState: word("inactive"),
        ControlAvailable: flag,
        Error: text,
        RemoteManagers: nothing,
      }),
    ),
    LiveRestoreEnabled: flag,
    Isolation: word("default", "hyperv", "process", "") as Decoder<string>,
    InitBinary: text,
    ContainerdCommit: commit,
    RuncCommit: commit,
    InitCommit: commit,
    SecurityOptions: texts,
    DefaultAddressPools: list(
      object<{ Base: string; Size: number }>({ Base: text, Size: integer }),
    ),
    FirewallBackend: named(
      "FirewallInfo",
      object<SystemInfo["FirewallBackend"]>({ Driver: text, Info: pairs }),
    ),
    CDISpecDirs: texts,
    Warnings: nullable(texts),
  }),
);

export const systemVersion = named(
  "SystemVersion",
  object<SystemVersion>({
    Platform: object<{ Name: string }>({ Name: text }),
    Components: list(object<VersionComponent>({ Name: text, Version: text, Details: map(text) })),
    Version: text,
    ApiVersion: text,
    MinAPIVersion: text,
    GitCommit: text,
    GoVersion: text,
    Os: text,
    Arch: text,
    KernelVersion: text,
    Experimental: flag,
    BuildTime: text,
  }),
);

export const eventMessage = named(
  "EventMessage",
  object<EventMessage>({
    Type: word("builder", "container", "daemon", "image", "network", "plugin", "volume"),
    Action: text,
    Actor: named("EventActor", object<EventMessage["Actor"]>({ ID: text, Attributes: map(text) })),
    scope: word("local", "swarm"),
    time: integer,
    timeNano: integer,
    status: text,
    id: text,
    from: text,
  }),
);

export const buildCacheRecord = named(
  "BuildCache",
  object<BuildCacheRecord>({
    ID: text,
    Parents: list(text),
    Type: text,
    Description: text,
    InUse: flag,
    Shared: flag,
    Size: integer,
    CreatedAt: text,
    LastUsedAt: nullable(text),
    UsageCount: integer,
  }),
);

function usage<Item>(name: string, item: Decoder<Item>): Decoder<UsageSum<Item>> {
  const counts = {
    ActiveCount: integer,
    TotalCount: integer,
    Reclaimable: integer,
    TotalSize: integer,
  };
  return named(name, object<UsageSum<Item>>({ ...counts, Items: list(item) }));
}

export const diskUsage = object<DiskUsage>({
  LayersSize: integer,
  Images: nullable(list(imageSummary)),
  Containers: nullable(list(containerSummary)),
  Volumes: nullable(list(volume)),
  BuildCache: nullable(list(buildCacheRecord)),
  ImageUsage: usage<ImageSummary>("ImagesDiskUsage", imageSummary),
  ContainerUsage: usage<ContainerSummary>("ContainersDiskUsage", containerSummary),
  VolumeUsage: usage<Volume>("VolumesDiskUsage", volume),
  BuildCacheUsage: usage<BuildCacheRecord>("BuildCacheDiskUsage", buildCacheRecord),
});

export const authAnswer = named(
  "AuthResponse",
  object<AuthResponse>({ Status: text, IdentityToken: text }),
);
export const buildPruned = object<{
  CachesDeleted: readonly string[] | null;
  SpaceReclaimed: number;
}>({
  CachesDeleted: nullable(list(text)),
  SpaceReclaimed: integer,
}) as Decoder<BuildPruneReport>;
export const errorAnswer = named("ErrorResponse", object<{ message: string }>({ message: text }));
