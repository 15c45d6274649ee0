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

/** Docker's own: sixteen /16 and, when these are used up, /20 out of 192.168. */
export const DEFAULT_POOLS: readonly AddressPool[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ base: `172.${17 + index}.0.0/16`, size: 16 })),
  { base: "192.168.0.0/16", size: 20 },
];

const MAIN_TABLE = 254;

/** Every block that the host reaches by a link or a route; default routes do not count. */
export function occupiedPrefixes({ addresses, routes }: HostLinks): Prefix[] {
  const texts = [
    ...addresses.map(({ address, prefix }) => `${address}/${prefix}`),
    ...routes
      .filter(({ table, prefix }) => table === MAIN_TABLE && prefix > 0)
      .map(({ destination, prefix }) => `${destination}/${prefix}`),
  ];
  return texts.flatMap((text) => parseCidr(text)?.prefix ?? []);
}

/**
 * The first subnet of the pools that overlaps nothing that is occupied.
 * @throws invalid-argument with Docker's words when there is none.
 */
export function chooseSubnet(pools: readonly AddressPool[], occupied: readonly Prefix[]): Prefix {
  for (const { base, size } of pools) {
    const pool = parseCidr(base)?.prefix;
    if (pool?.family !== 4 || size < pool.bits || size > 30) {
      throw invalidArgument(`invalid default address pool: ${base} size ${size}`);
    }
    const step = 1n << BigInt(32 - size);
    const end = pool.first + prefixSize(pool);
    for (let first = pool.first; first < end; first += step) {
      const subnet: Prefix = { family: 4, first, bits: size };
      if (!occupied.some((other) => overlaps(subnet, other))) return subnet;
    }
  }
  throw invalidArgument("all predefined address pools have been fully subnetted");
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
