import type { Network, NetworkStatus, SubnetStatus } from "../../../spec/index.ts";

const BITS = { 4: 32n, 6: 128n } as const;
const SATURATED = 2n ** 64n - 1n;

/** How many addresses of each subnet are taken: by members, gateway, reservations, and by being no host's. */
export function networkStatus(network: Network): NetworkStatus {
  const members = Object.values(network.Containers).flatMap(({ IPv4Address, IPv6Address }) => [
    IPv4Address,
    IPv6Address,
  ]);
  const subnets = (network.IPAM.Config ?? []).flatMap((pool): [string, SubnetStatus][] => {
    if (pool.Subnet === undefined) return [];
    const reserved = [pool.Gateway ?? "", ...Object.values(pool.AuxiliaryAddresses ?? {})];
    const addresses = [...reserved, ...members].map((text) => text.split("/")[0] ?? "");
    return [[pool.Subnet, subnetStatus(pool.Subnet, pool.IPRange, addresses)]];
  });
  return { IPAM: { Subnets: Object.fromEntries(subnets) } };
}

function subnetStatus(
  subnet: string,
  range: string | undefined,
  addresses: readonly string[],
): SubnetStatus {
  const whole = parseSubnet(subnet);
  const given = parseSubnet(range === undefined || range === "" ? subnet : range);
  const taken = new Set(addresses.map(addressNumber).filter((number) => isWithin(number, whole)));
  taken.add(whole.first);
  // The broadcast address is IPv4's; a network of one or two addresses has none.
  if (whole.size > 2n && !subnet.includes(":")) taken.add(whole.first + whole.size - 1n);
  const takenOfRange = [...taken].filter((number) => isWithin(number, given));
  return {
    IPsInUse: saturate(BigInt(taken.size)),
    DynamicIPsAvailable: saturate(given.size - BigInt(takenOfRange.length)),
  };
}

interface Subnet {
  first: bigint;
  /** Addresses. */
  size: bigint;
}

function parseSubnet(text: string): Subnet {
  const [address = "", length = ""] = text.split("/");
  const bits = address.includes(":") ? BITS[6] : BITS[4];
  const size = 2n ** (bits - BigInt(length === "" ? bits : length));
  const number = addressNumber(address) ?? 0n;
  return { first: number - (number % size), size };
}

function isWithin(number: bigint | undefined, { first, size }: Subnet): number is bigint {
  return number !== undefined && number >= first && number < first + size;
}

/** Undefined for what is no address. IPv6 beyond IPv4, so that the two never meet. */
function addressNumber(text: string): bigint | undefined {
  if (/^\d+(?:\.\d+){3}$/.test(text)) {
    return text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  }
  if (!text.includes(":")) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: Math.max(8 - before.length - after.length, 0) }, () => "0");
  return [...before, ...zeros, ...after].reduce(
    (sum, group) => sum * 65536n + BigInt(`0x${group || "0"}`),
    0n,
  );
}

const saturate = (count: bigint): number => Number(count > SATURATED ? SATURATED : count);
