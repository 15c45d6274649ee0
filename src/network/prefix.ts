import { formatAddress, parseAddress } from "../linux/netlink/index.ts";

/** A block of addresses; `first` has no bits set behind the prefix. */
export interface Prefix {
  family: 4 | 6;
  first: bigint;
  bits: number;
}

export interface Address {
  family: 4 | 6;
  value: bigint;
}

const widthOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** undefined when it is no address. */
export function parseIp(text: string): Address | undefined {
  const bytes = parseAddress(text);
  if (bytes === undefined) return undefined;
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

export function formatIp({ family, value }: Address): string {
  const bytes = new Uint8Array(widthOf(family) / 8);
  let rest = value;
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return formatAddress(bytes);
}

/** How many addresses. */
export const prefixSize = ({ family, bits }: Prefix): bigint =>
  1n << BigInt(widthOf(family) - bits);

/** The block of `bits` that an address lies in. */
export function prefixOf(address: Address, bits: number): Prefix {
  const size = 1n << BigInt(widthOf(address.family) - bits);
  return { family: address.family, first: address.value - (address.value % size), bits };
}

/** `10.0.0.1/8`: its block, and the address as it was written. */
export function parseCidr(text: string): { prefix: Prefix; address: Address } | undefined {
  const [ip = "", length = "", ...rest] = text.split("/");
  const address = parseIp(ip);
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = Number(length);
  if (bits > widthOf(address.family)) return undefined;
  return { prefix: prefixOf(address, bits), address };
}

export const formatPrefix = ({ family, first, bits }: Prefix): string =>
  `${formatIp({ family, value: first })}/${bits}`;

export const contains = (prefix: Prefix, address: Address): boolean =>
  prefix.family === address.family &&
  address.value >= prefix.first &&
  address.value < prefix.first + prefixSize(prefix);

export const overlaps = (a: Prefix, b: Prefix): boolean =>
  a.family === b.family && a.first < b.first + prefixSize(b) && b.first < a.first + prefixSize(a);
