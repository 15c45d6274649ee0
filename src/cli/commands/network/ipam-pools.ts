import type { IpamPool } from "../../../spec/index.ts";
import { isIpAddress } from "../../container-config/ip-address.ts";

export interface PoolFlags {
  subnets: readonly string[];
  ranges: readonly string[];
  gateways: readonly string[];
  auxiliary: Readonly<Record<string, string>>;
}

interface Prefix {
  readonly text: string;
  readonly bits: bigint;
  readonly length: number;
  readonly size: 32 | 128;
}

/** Pools of a network: every range, gateway and auxiliary address goes to the subnet that holds it. */
export function resolvePools(flags: PoolFlags): IpamPool[] {
  const { subnets, ranges, gateways } = flags;
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new Error("every ip-range or gateway must have a corresponding subnet");
  }
  const pools: { prefix: Prefix | undefined; pool: IpamPool }[] = [];
  for (const subnet of subnets) {
    const prefix = parsePrefix(subnet);
    const overlaps = (other: Prefix | undefined): boolean =>
      contains(other, prefix) || contains(prefix, other);
    if (pools.some((each) => overlaps(each.prefix))) {
      throw new Error("multiple overlapping subnet configuration is not supported");
    }
    pools.push({ prefix, pool: { Subnet: subnet } });
  }
  const owner = (text: string, kind: string): IpamPool => {
    const address = text.includes("/") ? parsePrefix(text) : parsePrefix(`${text}/max`);
    const found = pools.find(({ prefix }) => contains(prefix, address));
    if (found === undefined) throw new Error(`no matching subnet for ${kind} ${text}`);
    return found.pool;
  };
  for (const range of ranges) assign(owner(range, "range"), "IPRange", range);
  for (const gateway of gateways) assign(owner(gateway, "gateway"), "Gateway", gateway);
  for (const [name, address] of Object.entries(flags.auxiliary)) {
    const pool = owner(address, "aux-address");
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [name]: address };
  }
  return pools.map(({ pool }) => pool);
}

function assign(pool: IpamPool, field: "IPRange" | "Gateway", value: string): void {
  if (pool[field] !== undefined) {
    const what = field === "IPRange" ? "ranges" : "gateways";
    throw new Error(
      `cannot configure multiple ${what} (${value}, ${pool[field]}) on the same subnet (${pool.Subnet})`,
    );
  }
  pool[field] = value;
}

/** undefined for what is no prefix: the daemon refuses it in its own words. */
function parsePrefix(text: string): Prefix | undefined {
  const [address = "", mask = ""] = text.split("/");
  if (!isIpAddress(address) || mask === "") return undefined;
  const size = address.includes(":") ? 128 : 32;
  const length = mask === "max" ? size : Number(mask);
  if (!(length >= 0 && length <= size)) return undefined;
  return { text, bits: addressBits(address), length, size };
}

function contains(outer: Prefix | undefined, inner: Prefix | undefined): boolean {
  if (outer === undefined || inner === undefined) return false;
  if (outer.size !== inner.size || inner.length < outer.length) return false;
  const shift = BigInt(outer.size - outer.length);
  return outer.bits >> shift === inner.bits >> shift;
}

function addressBits(address: string): bigint {
  if (!address.includes(":")) {
    return address.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  }
  const [head = "", tail] = address.split("::");
  const words = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const before = words(head);
  const after = words(tail ?? "");
  const zeros = new Array<string>(Math.max(8 - before.length - after.length, 0)).fill("0");
  return [...before, ...zeros, ...after].reduce(
    (bits, word) => (bits << 16n) | BigInt(`0x${word}`),
    0n,
  );
}
