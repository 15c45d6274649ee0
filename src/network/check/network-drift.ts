import {
  type BridgeRequest,
  formatAddress,
  type HostLinks,
  type LinkInfo,
  parseAddress,
} from "../../linux/netlink/index.ts";
import type { NetworkDrift } from "../../spec/index.ts";
import type { NetworkRecord } from "../network-record.ts";

/** What a network is to have on the host. */
export interface WantedNetwork {
  network: NetworkRecord;
  /** Of networks of the driver `bridge`. */
  bridge: BridgeRequest | undefined;
}

/** Every bridge with IPv6 has it. */
const BRIDGE_LINK_LOCAL = "fe80::1/64";

const networkDrift = (Problem: string): NetworkDrift => ({ Kind: "network", Problem });

/** What networks lack on the host, and links there that no network wants. */
export function networkDrifts(
  wanted: readonly WantedNetwork[],
  host: Pick<HostLinks, "links" | "addresses">,
  isOwn: (link: LinkInfo) => boolean,
): NetworkDrift[] {
  const links = new Map(host.links.map((link) => [link.name, link]));
  const addresses = Map.groupBy(host.addresses, ({ link }) => link);
  const kept = new Set(
    wanted.flatMap(({ bridge, network }) => bridge?.name ?? network.parent?.device ?? []),
  );
  return [
    ...wanted.flatMap((one) => linkProblems(one, links, addresses, isOwn)),
    ...host.links
      .filter((link) => isOwn(link) && !kept.has(link.name))
      .map(({ name }) => `The link "${name}" is left over from a network that is gone`),
  ].map(networkDrift);
}

function linkProblems(
  { network, bridge }: WantedNetwork,
  links: ReadonlyMap<string, LinkInfo>,
  addresses: ReadonlyMap<number, { address: string; prefix: number }[]>,
  isOwn: (link: LinkInfo) => boolean,
): string[] {
  const name = bridge?.name ?? network.parent?.device;
  if (name === undefined) return [];
  const what = `The ${bridge === undefined ? "parent link" : "bridge"} "${name}" of network "${network.name}"`;
  const link = links.get(name);
  if (link === undefined) return [`${what} is missing`];
  if (bridge !== undefined && link.kind !== "bridge") return [`${what} is not a bridge`];
  const problems = link.up ? [] : [`${what} is down`];
  if (bridge === undefined) return problems;
  const present = (addresses.get(link.index) ?? []).map(prefixText);
  const own = bridge.addresses.map(prefixText);
  for (const address of own.filter((one) => !present.includes(one))) {
    problems.push(`${what} lacks the address ${address}`);
  }
  if (!isOwn(link)) return problems;
  if (link.mtu !== bridge.mtu) problems.push(`${what} has the MTU ${link.mtu}, not ${bridge.mtu}`);
  for (const address of present) {
    if (own.includes(address) || address === BRIDGE_LINK_LOCAL) continue;
    problems.push(`${what} has the address ${address}, which is not the network's`);
  }
  return problems;
}

/** In the one form that the kernel's answers have, too. */
export function prefixText({ address, prefix }: { address: string; prefix: number }): string {
  const bytes = parseAddress(address);
  return `${bytes === undefined ? address : formatAddress(bytes)}/${prefix}`;
}
