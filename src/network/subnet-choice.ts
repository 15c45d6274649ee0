import type { HostLinks } from "../linux/netlink/index.ts";
import { invalidArgument } from "../spec/index.ts";
import type { AddressPool } from "./network-service.ts";
import {
  formatIp,
  overlaps,
  type Prefix,
  parseCidr,
  parseIp,
  prefixOf,
  prefixSize,
} from "./prefix.ts";

/**
 * 172.17.0.0/16, which is the default bridge's, and behind it some 900 subnets of a thousand addresses each,
 * then as many of 192.168.0.0/16 as there are.
 */
export const DEFAULT_POOLS: readonly AddressPool[] = [
  { base: "172.17.0.0/16", size: 16 },
  ...Array.from({ length: 14 }, (_, index) => ({ base: `172.${18 + index}.0.0/16`, size: 22 })),
  { base: "192.168.0.0/16", size: 24 },
];

/** A block that must not be used again, and whose it is: `network "web"`. */
export interface OccupiedPrefix extends Prefix {
  by: string;
}

/** The kernel's own table, of the host's addresses (rtnetlink(7)). */
const LOCAL_TABLE = 255;
/** A VPN that takes all traffic routes each half of the addresses: that is as good as a default route. */
const LONGEST_DEFAULT_ROUTE = 1;

/**
 * Every block that the host reaches by a link or a route, in whichever table: VPNs have tables of their own.
 * Default routes do not count.
 */
export function occupiedPrefixes({ links, addresses, routes }: HostLinks): OccupiedPrefix[] {
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const at = (link: number | undefined): string => {
    const name = names.get(link ?? 0);
    return name === undefined ? "" : ` of the link "${name}"`;
  };
  const found = [
    ...addresses.map(({ address, prefix, link }) => ({
      text: `${address}/${prefix}`,
      by: `the address ${address}/${prefix}${at(link)}`,
    })),
    ...routes
      .filter(({ table, prefix }) => table !== LOCAL_TABLE && prefix > LONGEST_DEFAULT_ROUTE)
      .map(({ destination, prefix, link }) => ({
        text: `${destination}/${prefix}`,
        by: `the route to ${destination}/${prefix}${at(link)}`,
      })),
  ];
  return found.flatMap(({ text, by }) => {
    const prefix = parseCidr(text)?.prefix;
    return prefix === undefined ? [] : { ...prefix, by };
  });
}

/** By address, a block before those inside of it. */
const inOrder = (a: Prefix, b: Prefix): number =>
  a.first === b.first ? a.bits - b.bits : a.first < b.first ? -1 : 1;

/** How many of those that are in the way are named. */
const NAMED = 3;

/**
 * The first subnet of the pools that overlaps nothing that is occupied.
 * @throws invalid-argument that begins with Docker's words and names what is in the way, when there is none.
 */
export function chooseSubnet(
  pools: readonly AddressPool[],
  occupied: readonly OccupiedPrefix[],
): Prefix {
  const sorted = occupied.filter(({ family }) => family === 4).sort(inOrder);
  const inTheWay: OccupiedPrefix[] = [];
  for (const { base, size } of pools) {
    const pool = parseCidr(base)?.prefix;
    if (pool?.family !== 4 || size < pool.bits || size > 30) {
      throw invalidArgument(`invalid default address pool: ${base} size ${size}`);
    }
    const found = freeIn(pool, size, sorted);
    if (found.free !== undefined) return found.free;
    inTheWay.push(...found.inTheWay);
  }
  throw invalidArgument(
    `all predefined address pools have been fully subnetted: ${poolsText(pools, inTheWay)}; remove networks, name a subnet with --subnet, or give the daemon more with --default-address-pool`,
  );
}

/** Blocks are apart or one inside of the other, so that one walk over both finds the first gap. */
function freeIn(
  pool: Prefix,
  size: number,
  sorted: readonly OccupiedPrefix[],
): { free?: Prefix; inTheWay: OccupiedPrefix[] } {
  const step = 1n << BigInt(32 - size);
  const end = pool.first + prefixSize(pool);
  const inTheWay: OccupiedPrefix[] = [];
  let first = pool.first;
  for (const other of sorted) {
    const past = other.first + prefixSize(other);
    if (past <= first) continue;
    if (first >= end || other.first >= first + step) break;
    inTheWay.push(other);
    first = ((past + step - 1n) / step) * step;
  }
  return first < end ? { free: { family: 4, first, bits: size }, inTheWay } : { inTheWay };
}

function poolsText(pools: readonly AddressPool[], inTheWay: readonly OccupiedPrefix[]): string {
  const bases = pools.map(({ base, size }) => `${base} in pieces of /${size}`);
  const shown = (texts: readonly string[]): string => {
    const rest = texts.length - NAMED;
    return [...texts.slice(0, NAMED), ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
  };
  const owners = [...new Set(inTheWay.map(({ by }) => by))];
  return `${shown(bases)} are taken by ${shown(owners)}`;
}

/** A /64 of the unique local addresses (RFC 4193), drawn at random and so practically never taken. */
export function chooseIpv6Subnet(occupied: readonly Prefix[]): Prefix {
  for (;;) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    random[0] = 0xfd;
    const value = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const subnet = prefixOf({ family: 6, value }, 64);
    if (!occupied.some((other) => overlaps(subnet, other))) return subnet;
  }
}

/** The subnet's first address, which is the gateway unless somebody asks for another one. */
export const firstAddress = ({ family, first }: Prefix): string =>
  formatIp({ family, value: first + 1n });

/** `02:42:` and the address for IPv4, as Docker makes them; random and locally administered otherwise. */
export function macAddressFor(ipv4: string | undefined): string {
  const address = ipv4 === undefined ? undefined : parseIp(ipv4);
  const tail =
    address === undefined
      ? crypto.getRandomValues(new Uint8Array(4))
      : Uint8Array.from([24n, 16n, 8n, 0n], (shift) => Number((address.value >> shift) & 255n));
  return ["02", "42", ...Array.from(tail, (byte) => byte.toString(16).padStart(2, "0"))].join(":");
}
