import type { HostLinks } from "../linux/netlink/index.ts";
import { invalidArgument, type NetworkId, randomId } from "../spec/index.ts";
import type { NetworkRecord, SubnetRecord } from "./network-record.ts";
import { ipamResource } from "./network-request.ts";
import type { AddressPool } from "./network-service.ts";
import { formatPrefix, overlaps, parseCidr } from "./prefix.ts";
import {
  chooseSubnet,
  firstAddress,
  type OccupiedPrefix,
  occupiedPrefixes,
} from "./subnet-choice.ts";

export interface DefaultBridgeOptions {
  device: string;
  bip?: string;
  pools: readonly AddressPool[];
  mtu: number;
}

const created = (): string => new Date().toISOString();

/** `host` and `none`: networks without a device. */
export function devicelessNetwork(name: "host" | "none"): NetworkRecord {
  return {
    id: randomId<NetworkId>(),
    name,
    driver: name === "host" ? "host" : "null",
    created: created(),
    internal: false,
    attachable: false,
    ipam: { Driver: "default", Options: null, Config: null },
    options: {},
    labels: {},
  };
}

/** What of the host is not the default bridge itself. */
function foreignPrefixes(host: HostLinks, device: string): OccupiedPrefix[] {
  const index = host.links.find(({ name }) => name === device)?.index;
  return occupiedPrefixes({
    links: host.links,
    addresses: host.addresses.filter(({ link }) => link !== index),
    routes: host.routes.filter(({ link }) => link === undefined || link !== index),
  });
}

/** The IPv4 address that somebody gave to the bridge before Berth came. */
function presentAddress(host: HostLinks, device: string): string | undefined {
  const index = host.links.find(({ name }) => name === device)?.index;
  const found = host.addresses.find(
    ({ link, address }) => link === index && !address.includes(":"),
  );
  return found === undefined ? undefined : `${found.address}/${found.prefix}`;
}

function subnetFor(
  options: DefaultBridgeOptions,
  host: HostLinks,
  taken: readonly OccupiedPrefix[],
  previous: NetworkRecord | undefined,
): SubnetRecord {
  const wish = options.bip ?? presentAddress(host, options.device);
  if (wish !== undefined) {
    const parsed = parseCidr(wish);
    if (parsed === undefined || parsed.prefix.family !== 4) {
      throw invalidArgument(`invalid CIDR address: ${wish}`);
    }
    return { subnet: formatPrefix(parsed.prefix), gateway: wish.split("/")[0] ?? "", reserved: {} };
  }
  const occupied = [...taken, ...foreignPrefixes(host, options.device)];
  const before = previous?.ipv4;
  const still = before === undefined ? undefined : parseCidr(before.subnet)?.prefix;
  // The subnet stays the same over restarts as long as the host has not come to use it for something else.
  if (
    before !== undefined &&
    still !== undefined &&
    !occupied.some((other) => overlaps(other, still))
  ) {
    return before;
  }
  const subnet = chooseSubnet(options.pools, occupied);
  return { subnet: formatPrefix(subnet), gateway: firstAddress(subnet), reserved: {} };
}

/** The default bridge network as it has to be now; `previous` keeps its id and, if it can, its subnet. */
export function defaultBridgeNetwork(
  options: DefaultBridgeOptions,
  host: HostLinks,
  taken: readonly OccupiedPrefix[],
  previous: NetworkRecord | undefined,
): NetworkRecord {
  const ipv4 = subnetFor(options, host, taken, previous);
  return {
    id: previous?.id ?? randomId<NetworkId>(),
    name: "bridge",
    driver: "bridge",
    created: previous?.created ?? created(),
    device: options.device,
    ipv4,
    internal: false,
    attachable: false,
    ipam: ipamResource(null, [ipv4]),
    options: {
      "com.docker.network.bridge.default_bridge": "true",
      "com.docker.network.bridge.enable_icc": "true",
      "com.docker.network.bridge.enable_ip_masquerade": "true",
      "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
      "com.docker.network.bridge.name": options.device,
      "com.docker.network.driver.mtu": String(options.mtu),
    },
    labels: {},
  };
}
