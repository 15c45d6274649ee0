import type {
  EndpointSettings,
  Network,
  NetworkContainer,
  NetworkSettings,
  PortBinding,
  PortMap,
} from "../spec/index.ts";
import { shortId } from "../spec/index.ts";
import type { EndpointRecord, NetworkRecord, SandboxRecord } from "./network-record.ts";
import { isOverlay } from "./overlay/overlay-options.ts";
import { parseCidr } from "./prefix.ts";

const prefixLength = (subnet: string | undefined): number =>
  subnet === undefined ? 0 : (parseCidr(subnet)?.prefix.bits ?? 0);

export const isPredefined = (name: string): boolean =>
  name === "bridge" || name === "host" || name === "none";

/** Names under which a container is known in a user-defined network; the first one is its own. */
export function dnsNames(
  container: { name: string; containerId: string; hostname: string },
  aliases: readonly string[],
): string[] {
  const { name, containerId, hostname } = container;
  const names = [name, ...aliases, shortId(containerId), hostname];
  return [...new Set(names.filter((text) => text !== ""))];
}

export function endpointSettings(
  endpoint: EndpointRecord,
  network: NetworkRecord,
): EndpointSettings {
  const { wishes, ipv4, ipv6 } = endpoint;
  const internal = network.internal || isOverlay(network);
  return {
    IPAMConfig: wishes.IPAMConfig ?? null,
    Links: wishes.Links ?? null,
    Aliases: wishes.Aliases ?? null,
    MacAddress: endpoint.macAddress,
    DriverOpts: wishes.DriverOpts ?? null,
    GwPriority: wishes.GwPriority ?? 0,
    NetworkID: network.id,
    EndpointID: endpoint.id,
    Gateway: ipv4 === undefined || internal ? "" : (network.ipv4?.gateway ?? ""),
    IPAddress: ipv4 ?? "",
    IPPrefixLen: ipv4 === undefined ? 0 : prefixLength(network.ipv4?.subnet),
    IPv6Gateway: ipv6 === undefined || internal ? "" : (network.ipv6?.gateway ?? ""),
    GlobalIPv6Address: ipv6 ?? "",
    GlobalIPv6PrefixLen: ipv6 === undefined ? 0 : prefixLength(network.ipv6?.subnet),
    DNSNames: endpoint.dnsNames.length === 0 ? null : endpoint.dnsNames,
  };
}

/** Every exposed port, with the host's addresses for it or null. */
function portMap(sandbox: SandboxRecord): PortMap {
  const ports: PortMap = {};
  for (const port of sandbox.exposed) ports[port] = null;
  for (const { protocol, containerPort, hostIp, hostPort } of sandbox.published) {
    const key = `${containerPort}/${protocol}`;
    const bindings: PortBinding[] = ports[key] ?? [];
    ports[key] = [
      ...bindings,
      { HostIp: hostIp, HostPort: hostPort === 0 ? "" : String(hostPort) },
    ];
  }
  return ports;
}

/** Fields that Docker repeats from the default bridge for old clients. */
function bridgeFields(settings: EndpointSettings | undefined): Partial<NetworkSettings> {
  return {
    Bridge: "",
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: settings?.EndpointID ?? "",
    Gateway: settings?.Gateway ?? "",
    GlobalIPv6Address: settings?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: settings?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: settings?.IPAddress ?? "",
    IPPrefixLen: settings?.IPPrefixLen ?? 0,
    IPv6Gateway: settings?.IPv6Gateway ?? "",
    MacAddress: settings?.MacAddress ?? "",
  };
}

/** `networks` are those of the sandbox's endpoints, by id. */
export function networkSettings(
  sandbox: SandboxRecord,
  networks: ReadonlyMap<string, NetworkRecord>,
  sandboxKey: string,
): NetworkSettings {
  const attached: Record<string, EndpointSettings> = {};
  for (const endpoint of sandbox.endpoints) {
    const network = networks.get(endpoint.networkId);
    if (network === undefined || endpoint.gateway === true) continue;
    attached[network.name] = endpointSettings(endpoint, network);
  }
  return {
    ...bridgeFields(attached["bridge"]),
    SandboxID: sandbox.id,
    SandboxKey: sandboxKey,
    Ports: portMap(sandbox),
    Networks: attached,
  };
}

/** What `inspect` shows of a container that shares another one's namespace, or does not run. */
export function emptyNetworkSettings(): NetworkSettings {
  return { ...bridgeFields(undefined), SandboxID: "", SandboxKey: "", Ports: {}, Networks: {} };
}

function networkContainer(
  sandbox: SandboxRecord,
  endpoint: EndpointRecord,
  network: NetworkRecord,
): NetworkContainer {
  const withPrefix = (address: string | undefined, subnet: string | undefined): string =>
    address === undefined ? "" : `${address}/${prefixLength(subnet)}`;
  return {
    Name: endpoint.gateway === true ? `gateway_${shortId(sandbox.id)}` : sandbox.containerName,
    EndpointID: endpoint.id,
    MacAddress: endpoint.macAddress,
    IPv4Address: withPrefix(endpoint.ipv4, network.ipv4?.subnet),
    IPv6Address: withPrefix(endpoint.ipv6, network.ipv6?.subnet),
  };
}

/** A running container's place in a network. */
export interface Member {
  sandbox: SandboxRecord;
  endpoint: EndpointRecord;
}

/** Every member of every network, by the network's id. */
export function membersByNetwork(sandboxes: readonly SandboxRecord[]): Map<string, Member[]> {
  const members = sandboxes.flatMap((sandbox) =>
    sandbox.endpoints.map((endpoint) => ({ sandbox, endpoint })),
  );
  return Map.groupBy(members, ({ endpoint }) => endpoint.networkId);
}

/** A network as the Engine API shows it, with its members. */
export function networkResource(network: NetworkRecord, members: readonly Member[] = []): Network {
  const containers: Record<string, NetworkContainer> = {};
  for (const { sandbox, endpoint } of members) {
    containers[sandbox.containerId] = networkContainer(sandbox, endpoint, network);
  }
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: isOverlay(network) ? "global" : "local",
    Driver: network.driver,
    EnableIPv4: network.ipv4 !== undefined || network.ipv6 === undefined,
    EnableIPv6: network.ipv6 !== undefined,
    IPAM: network.ipam,
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? "" },
    ConfigOnly: network.configOnly === true,
    Containers: containers,
    Options: network.options,
    Labels: network.labels,
  };
}
