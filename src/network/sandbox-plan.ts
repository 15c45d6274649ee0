import { parseMac } from "../linux/netlink/index.ts";
import {
  type EndpointSettings,
  EngineError,
  invalidArgument,
  type NetworkId,
  randomId,
} from "../spec/index.ts";
import { hasNoGateway } from "./child-links.ts";
import { checkEndpointOptions, wantedDevice } from "./endpoint-options.ts";
import { dnsNames, isPredefined } from "./endpoint-settings.ts";
import { networkOption } from "./network-options.ts";
import type { EndpointRecord, NetworkRecord, SandboxRecord } from "./network-record.ts";
import type { JoinRequest } from "./network-service.ts";
import type { NetworkTable } from "./network-table.ts";
import type { Plug } from "./network-wiring.ts";
import type { GatewayNetwork } from "./overlay/gateway-network.ts";
import type { EndpointDraft } from "./overlay/overlay-driver.ts";
import { isOverlay } from "./overlay/overlay-options.ts";
import { portRequests } from "./port-request.ts";
import { macAddressFor } from "./subnet-choice.ts";

/** A random id in the form of Docker's endpoint and sandbox ids. */
const newId = (): string => randomId<NetworkId>();

/** `veth` and seven digits: names of links have at most 15 characters. */
const hostDeviceName = (endpointId: string): string => `veth${endpointId.slice(0, 7)}`;

/** @throws invalid-argument, with Docker's words, for wishes that a network cannot fulfil. */
export function checkWishes(network: NetworkRecord, wishes: Partial<EndpointSettings>): void {
  const problems: string[] = [];
  const { IPAMConfig, Aliases } = wishes;
  if (network.configOnly === true) {
    throw new EngineError(
      "permission-denied",
      `configuration network "${network.name}" cannot be joined: it holds settings for other networks`,
    );
  }
  if (isPredefined(network.name)) {
    if (IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address) {
      problems.push("user-specified IP address is supported on user-defined networks only");
    }
    if ((Aliases?.length ?? 0) > 0) {
      problems.push("network-scoped aliases are only supported for user-defined networks");
    }
  }
  if (problems.length > 0)
    throw invalidArgument(`invalid endpoint settings:\n${problems.join("\n")}`);
  const mac = wishes.MacAddress;
  if (mac && parseMac(mac) === undefined) throw invalidArgument(`invalid MAC address: ${mac}`);
}

/** Where endpoints get their addresses: this host's own table, or the cluster. */
export interface AddressSource {
  /** @throws EngineError with Docker's words; nothing is taken then */
  assign(
    network: NetworkRecord,
    draft: EndpointDraft,
  ): Promise<Pick<EndpointRecord, "ipv4" | "ipv6">> | Pick<EndpointRecord, "ipv4" | "ipv6">;
  giveBack(endpoint: EndpointRecord): void;
}

/** The way to the outside for a container that has none by its own networks. */
export async function gatewayEndpointOf(
  addresses: AddressSource,
  network: NetworkRecord,
  container: { name: string; containerId: string; hostname: string },
  endpoints: readonly EndpointRecord[],
): Promise<EndpointRecord> {
  const device = freeDevice(endpoints, network);
  const endpoint = await newEndpoint(addresses, network, {}, { ...container, exposed: [] }, device);
  return { ...endpoint, dnsNames: [], gateway: true };
}

/**
 * A container's endpoint in a network, with addresses that are taken from now on.
 * @throws EngineError with Docker's words; nothing is taken then
 */
export async function newEndpoint(
  addresses: AddressSource,
  network: NetworkRecord,
  wishes: Partial<EndpointSettings>,
  container: { name: string; containerId: string; hostname: string; exposed: readonly string[] },
  device: string,
): Promise<EndpointRecord> {
  checkWishes(network, wishes);
  const id = newId();
  const names = isPredefined(network.name) ? [] : dnsNames(container, wishes.Aliases ?? []);
  checkEndpointOptions(wishes.DriverOpts);
  const linked = hasLinks(network);
  const draft = { id, wishes, container, names, exposed: container.exposed };
  const given = linked ? await addresses.assign(network, draft) : {};
  return {
    id,
    networkId: network.id,
    device: linked ? (wantedDevice(wishes.DriverOpts) ?? device) : "",
    hostDevice: network.device === undefined ? "" : hostDeviceName(id),
    macAddress: linked ? wishes.MacAddress || macAddressFor(given.ipv4) : "",
    ...given,
    wishes,
    dnsNames: names,
  };
}

const hasLinks = ({ device, parent }: NetworkRecord): boolean =>
  device !== undefined || parent !== undefined;

/** The first `ethN` that no endpoint has; a network may want another word than `eth`. */
export function freeDevice(endpoints: readonly EndpointRecord[], network: NetworkRecord): string {
  const taken = new Set(endpoints.map(({ device }) => device));
  const prefix = networkOption(network, "container_iface_prefix") || "eth";
  let number = 0;
  while (taken.has(`${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}

interface Wanted {
  network: NetworkRecord;
  wishes: Partial<EndpointSettings>;
}

/** The networks to join, the one of the network mode first. */
function wantedNetworks(networks: NetworkTable, request: JoinRequest): Wanted[] {
  const { networkMode, endpoints, macAddress } = request;
  const mode = networkMode === "" || networkMode === "default" ? "bridge" : networkMode;
  // The default bridge may have been left out (`--bridge none`).
  if (mode === "bridge" && networks.byName(mode) === undefined) return [];
  const main = networks.find(mode);
  const wanted = new Map<NetworkRecord, Partial<EndpointSettings>>([[main, {}]]);
  for (const [ref, wishes] of Object.entries(endpoints)) {
    const network = networks.find(ref === "default" ? "bridge" : ref);
    // With `host` and `none` there is nothing else.
    if (hasLinks(main) || network === main) wanted.set(network, wishes);
  }
  return [...wanted].map(([network, wishes]) => {
    const mac = network === main && macAddress ? { MacAddress: macAddress } : {};
    return { network, wishes: { ...mac, ...withoutResults(wishes) } };
  });
}

/** What somebody asked for, without what `inspect` tells about an earlier run. */
function withoutResults(wishes: Partial<EndpointSettings>): Partial<EndpointSettings> {
  const { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority } = wishes;
  return {
    ...(IPAMConfig === undefined ? {} : { IPAMConfig }),
    ...(Links === undefined ? {} : { Links }),
    ...(Aliases === undefined ? {} : { Aliases }),
    ...(MacAddress ? { MacAddress } : {}),
    ...(DriverOpts === undefined ? {} : { DriverOpts }),
    ...(GwPriority === undefined ? {} : { GwPriority }),
  };
}

/**
 * A container's sandbox with addresses taken, before anything of it is made.
 * @throws EngineError with Docker's words; nothing is taken then
 */
export async function planSandbox(
  networks: NetworkTable,
  addresses: AddressSource,
  gateway: GatewayNetwork,
  request: JoinRequest,
): Promise<SandboxRecord> {
  const requests = portRequests(request.portBindings, request.publishAll, request.exposedPorts);
  const wanted = wantedNetworks(networks, request);
  const published = requests.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  const exposed = [...new Set([...request.exposedPorts, ...published])];
  const container = { ...request, exposed };
  const endpoints: EndpointRecord[] = [];
  try {
    for (const { network, wishes } of wanted) {
      const device = freeDevice(endpoints, network);
      endpoints.push(await newEndpoint(addresses, network, wishes, container, device));
    }
    if (gateway.lacking(endpoints)) {
      const network = await gateway.network();
      endpoints.push(await gatewayEndpointOf(addresses, network, request, endpoints));
    }
  } catch (error) {
    for (const endpoint of endpoints) addresses.giveBack(endpoint);
    throw error;
  }
  const linked = endpoints.some(({ device }) => device !== "");
  return {
    id: newId(),
    containerId: request.containerId,
    containerName: request.name,
    hostname: request.hostname,
    mode: wanted.some(({ network }) => network.driver === "host") ? "host" : "own",
    endpoints,
    portRequests: linked ? requests : [],
    exposed: linked ? exposed : [],
    published: [],
    ...(request.upstream === undefined ? {} : { upstream: request.upstream }),
  };
}

type Networks = ReadonlyMap<string, NetworkRecord>;

/** An overlay network leads to its containers alone; the way out is the host's gateway bridge. */
const leadsOutside = (network: NetworkRecord | undefined): boolean =>
  network !== undefined && !network.internal && !isOverlay(network);

/** The endpoint that leads to the outside: by priority, then by the network's name. */
function gatewayEndpoint(
  endpoints: readonly EndpointRecord[],
  networks: Networks,
  has: (endpoint: EndpointRecord) => boolean,
): EndpointRecord | undefined {
  const priority = ({ wishes }: EndpointRecord): number => wishes.GwPriority ?? 0;
  const nameOf = ({ networkId }: EndpointRecord): string => networks.get(networkId)?.name ?? "";
  return endpoints
    .filter((endpoint) => has(endpoint) && leadsOutside(networks.get(endpoint.networkId)))
    .sort((a, b) => priority(b) - priority(a) || (nameOf(a) < nameOf(b) ? -1 : 1))[0];
}

/** Endpoints that have a link, with the default routes that go through each. */
export function plugsOf(endpoints: readonly EndpointRecord[], networks: Networks): Plug[] {
  const ipv4 = gatewayEndpoint(endpoints, networks, (endpoint) => endpoint.ipv4 !== undefined);
  const ipv6 = gatewayEndpoint(endpoints, networks, (endpoint) => endpoint.ipv6 !== undefined);
  return endpoints.flatMap((endpoint) => {
    const network = networks.get(endpoint.networkId);
    if (network === undefined || !hasLinks(network)) return [];
    const families = [
      { family: 4, through: ipv4, gateway: network.ipv4?.gateway },
      { family: 6, through: ipv6, gateway: network.ipv6?.gateway },
    ] as const;
    const routed = families.filter(({ through }) => through === endpoint);
    const direct = hasNoGateway(network) ? routed.map(({ family }) => family) : [];
    const gateways = hasNoGateway(network)
      ? []
      : routed.map(({ gateway }) => gateway).filter((gateway) => gateway !== undefined);
    return { endpoint, network, gateways, direct };
  });
}

/** The endpoint to which published ports lead: where the default route is. */
export function publisherOf(sandbox: SandboxRecord, networks: Networks): Plug | undefined {
  return plugsOf(sandbox.endpoints, networks).find(
    ({ network, gateways }) => network.device !== undefined && gateways.length > 0,
  );
}
