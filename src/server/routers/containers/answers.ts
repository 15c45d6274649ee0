/** What the container calls answer, as schemas: for the OpenAPI document and for tests. */
import type {
  ContainerConfig,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerPruneReport,
  ContainerState,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  Descriptor,
  Digest,
  EndpointSettings,
  FilesystemChange,
  GraphDriver,
  Health,
  HealthcheckResult,
  HostConfig,
  MountPoint,
  MountType,
  NetworkSettings,
  Platform,
  PortSummary,
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
import { containerConfig, endpointSettings, hostConfig, portBinding } from "./bodies.ts";

/** What may be left out in a request stands in the answer. */
const whole = <T>(part: Decoder<Partial<T>>): Decoder<T> => part as Decoder<T>;
const endpoint = whole<EndpointSettings>(endpointSettings);

export const graphDriver = named(
  "DriverData",
  object<GraphDriver>({ Name: text, Data: nullable(map(text)) }),
);

export const platform = named(
  "OCIPlatform",
  object<Platform>({
    architecture: text,
    os: text,
    "os.version": text,
    "os.features": list(text),
    variant: text,
  }),
);

export const descriptor = named(
  "OCIDescriptor",
  object<Descriptor>({
    mediaType: text,
    digest: text as Decoder<unknown> as Decoder<Digest>,
    size: integer,
    urls: list(text),
    annotations: map(text),
    data: text,
    artifactType: text,
    platform,
  }),
);

const health = named(
  "Health",
  object<Health>({
    Status: word("none", "starting", "healthy", "unhealthy"),
    FailingStreak: integer,
    Log: list(
      object<HealthcheckResult>({ Start: text, End: text, ExitCode: integer, Output: text }),
    ),
  }),
);

const status = word<ContainerState["Status"]>(
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
);

const state = named(
  "ContainerState",
  object<ContainerState>({
    Status: status,
    Running: flag,
    Paused: flag,
    Restarting: flag,
    OOMKilled: flag,
    Dead: flag,
    Pid: integer,
    ExitCode: integer,
    Error: text,
    StartedAt: text,
    FinishedAt: text,
    Health: health,
  }),
);

const mountPoint = named(
  "MountPoint",
  object<MountPoint>({
    Type: word<MountType>("bind", "cluster", "image", "npipe", "tmpfs", "volume"),
    Name: text,
    Source: text,
    Destination: text,
    Driver: text,
    Mode: text,
    RW: flag,
    Propagation: text,
  }),
);

const networkSettings = named(
  "NetworkSettings",
  object<NetworkSettings>({
    SandboxID: text,
    SandboxKey: text,
    Ports: map(nullable(list(portBinding))),
    Networks: map(endpoint),
    Bridge: text,
    HairpinMode: flag,
    LinkLocalIPv6Address: text,
    LinkLocalIPv6PrefixLen: integer,
    SecondaryIPAddresses: nothing,
    SecondaryIPv6Addresses: nothing,
    EndpointID: text,
    Gateway: text,
    GlobalIPv6Address: text,
    GlobalIPv6PrefixLen: integer,
    IPAddress: text,
    IPPrefixLen: integer,
    IPv6Gateway: text,
    MacAddress: text,
  }),
);

export const containerInspect = named(
  "ContainerInspectResponse",
  object<ContainerInspect>({
    Id: text,
    Created: text,
    Path: text,
    Args: list(text),
    State: state,
    Image: text,
    ResolvConfPath: text,
    HostnamePath: text,
    HostsPath: text,
    LogPath: text,
    Name: text,
    RestartCount: integer,
    Driver: text,
    Platform: text,
    MountLabel: text,
    ProcessLabel: text,
    AppArmorProfile: text,
    ExecIDs: nullable(list(text)),
    HostConfig: whole<HostConfig>(hostConfig),
    GraphDriver: graphDriver,
    SizeRw: integer,
    SizeRootFs: integer,
    Mounts: list(mountPoint),
    Config: whole<ContainerConfig>(containerConfig),
    NetworkSettings: networkSettings,
    ImageManifestDescriptor: descriptor,
  }),
);

export const containerSummary = named(
  "ContainerSummary",
  object<ContainerSummary>({
    Id: text,
    Names: list(text),
    Image: text,
    ImageID: text,
    Command: text,
    Created: integer,
    Ports: list(
      named(
        "PortSummary",
        object<PortSummary>({
          IP: text,
          PrivatePort: integer,
          PublicPort: integer,
          Type: word("tcp", "udp", "sctp"),
        }),
      ),
    ),
    SizeRw: integer,
    SizeRootFs: integer,
    Labels: map(text),
    State: status,
    Status: text,
    HostConfig: object<ContainerSummary["HostConfig"]>({
      NetworkMode: text,
      Annotations: map(text),
    }),
    NetworkSettings: object<ContainerSummary["NetworkSettings"]>({ Networks: map(endpoint) }),
    Mounts: list(mountPoint),
    Health: object<NonNullable<ContainerSummary["Health"]>>({
      Status: word("none", "starting", "healthy", "unhealthy"),
      FailingStreak: integer,
    }),
  }),
);

export const containerTop = named(
  "ContainerTopResponse",
  object<ContainerTop>({ Titles: list(text), Processes: list(list(text)) }),
);
export const containerCreated = named(
  "ContainerCreateResponse",
  object<ContainerCreateResponse>({ Id: text, Warnings: list(text) }),
);
export const containerUpdated = named(
  "ContainerUpdateResponse",
  object<ContainerUpdateResponse>({ Warnings: nullable(list(text)) }),
);
export const containerWaited = named(
  "ContainerWaitResponse",
  object<ContainerWaitResponse>({
    StatusCode: integer,
    Error: object<{ Message: string }>({ Message: text }),
  }),
);
export const containersPruned = object<ContainerPruneReport>({
  ContainersDeleted: nullable(list(text)),
  SpaceReclaimed: integer,
});
export const filesystemChanges = nullable(
  list(
    named(
      "FilesystemChange",
      object<FilesystemChange>({ Path: text, Kind: integer as Decoder<FilesystemChange["Kind"]> }),
    ),
  ),
);
