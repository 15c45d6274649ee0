import type {
  ContainerInspect,
  ContainerState,
  ContainerSummary,
  EndpointSettings,
  MountPoint,
  NetworkSettings,
  PortMap,
  PortSummary,
} from "../../spec/index.ts";
import type { Container } from "./container.ts";
import type { ContainerRecord, MountRecord } from "./container-record.ts";
import { statusText } from "./status-text.ts";

/** What `inspect` needs beside the record. */
export interface InspectPaths {
  resolvConf: string;
  hostname: string;
  hosts: string;
  /** Empty where there is no file. */
  log: string;
  graph: Record<string, string>;
  appArmorProfile: string;
}

export function toState(record: ContainerRecord): ContainerState {
  const { state } = record;
  return {
    Status: state.status,
    Running: ["running", "paused", "restarting"].includes(state.status),
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.status === "dead",
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health === undefined ? {} : { Health: state.health }),
  };
}

export function toInspect(container: Container, paths: InspectPaths): ContainerInspect {
  const { record } = container;
  const execIds = [...container.execs.values()].filter((exec) => exec.record.running);
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: toState(record),
    Image: record.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: paths.log,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: paths.appArmorProfile,
    ExecIDs: execIds.length === 0 ? null : execIds.map((exec) => exec.record.id),
    HostConfig: record.hostConfig,
    GraphDriver: { Name: "overlay2", Data: paths.graph },
    Mounts: record.mounts.map(toMountPoint),
    Config: record.config,
    NetworkSettings: container.alive ? currentNetwork(record) : record.network,
  };
}

/** The namespace's path is of the process: what an earlier daemon handed out is gone with it. */
function currentNetwork({ network, state }: ContainerRecord): NetworkSettings {
  if (network.SandboxKey === "") return network;
  return { ...network, SandboxKey: `/proc/${state.pid}/ns/net` };
}

/** One line of `ps`. `image` is what the user asked for, or the id where that name means another one now. */
export function toSummary(container: Container, image: string, now: number): ContainerSummary {
  const { record } = container;
  const annotations = record.hostConfig.Annotations;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: image,
    ImageID: record.imageId,
    Command: [record.path, ...record.args.map(quoteArgument)].join(" "),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: container.alive ? toPorts(record.network.Ports) : [],
    Labels: record.config.Labels,
    State: record.state.status,
    Status: statusText(toState(record), now),
    HostConfig: {
      NetworkMode: record.hostConfig.NetworkMode,
      ...(annotations === undefined ? {} : { Annotations: annotations }),
    },
    NetworkSettings: { Networks: record.network.Networks },
    Mounts: record.mounts.map(toMountPoint),
    Health: {
      Status: record.state.health?.Status ?? "none",
      FailingStreak: record.state.health?.FailingStreak ?? 0,
    },
  };
}

export function toMountPoint(mount: MountRecord): MountPoint {
  return {
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.driver === undefined ? {} : { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  };
}

export function toPorts(ports: PortMap): PortSummary[] {
  return Object.entries(ports).flatMap(([key, bindings]): PortSummary[] => {
    const [port, protocol] = key.split("/");
    const exposed = {
      PrivatePort: Number(port),
      Type: (protocol ?? "tcp") as PortSummary["Type"],
    };
    if (bindings === null || bindings.length === 0) return [exposed];
    return bindings.map((binding) => ({
      IP: binding.HostIp,
      PublicPort: Number(binding.HostPort),
      ...exposed,
    }));
  });
}

/** Network settings of a container that is in no network (any more). */
export function emptyNetworkSettings(
  networks: Record<string, EndpointSettings> = {},
): NetworkSettings {
  return {
    Bridge: "",
    SandboxID: "",
    SandboxKey: "",
    Ports: {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: "",
    Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    MacAddress: "",
    Networks: networks,
  };
}

/** What stays of a run's networks when it has ended: which ones, and what was asked of them. */
export function endedNetworkSettings(settings: NetworkSettings): NetworkSettings {
  return emptyNetworkSettings(
    Object.fromEntries(
      Object.entries(settings.Networks).map(([name, endpoint]) => [name, emptyEndpoint(endpoint)]),
    ),
  );
}

export function emptyEndpoint(wanted: Partial<EndpointSettings> = {}): EndpointSettings {
  return {
    IPAMConfig: wanted.IPAMConfig ?? null,
    Links: wanted.Links ?? null,
    Aliases: wanted.Aliases ?? null,
    MacAddress: "",
    DriverOpts: wanted.DriverOpts ?? null,
    GwPriority: wanted.GwPriority ?? 0,
    NetworkID: wanted.NetworkID ?? "",
    EndpointID: "",
    Gateway: "",
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}

function quoteArgument(argument: string): string {
  return argument.includes(" ") ? `'${argument}'` : argument;
}
