/** What every message of rtnetlink(7) is put together from; numbers from linux/rtnetlink.h and neighbour.h. */
import { type Attribute, encodeAttributes } from "./attribute.ts";
import { parseAddress, parseMac } from "./ip-address.ts";

export const RouteType = {
  NEW_LINK: 16,
  DELETE_LINK: 17,
  GET_LINK: 18,
  SET_LINK: 19,
  NEW_ADDRESS: 20,
  DELETE_ADDRESS: 21,
  GET_ADDRESS: 22,
  NEW_ROUTE: 24,
  GET_ROUTE: 26,
  NEW_NEIGHBOUR: 28,
  DELETE_NEIGHBOUR: 29,
  GET_NEIGHBOUR: 30,
} as const;

export const Family = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10 } as const;

/** A structure of fixed length, and the attributes behind it. */
export function payload(fixed: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
  const encoded = encodeAttributes(attributes);
  const bytes = new Uint8Array(new ArrayBuffer(fixed.length + encoded.length));
  bytes.set(fixed);
  bytes.set(encoded, fixed.length);
  return bytes;
}

export function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`Cannot encode "${text}": not an IP address`);
  return bytes;
}

export function macBytes(text: string): Uint8Array {
  const bytes = parseMac(text);
  if (bytes === undefined) throw new Error(`Cannot encode "${text}": not a MAC address`);
  return bytes;
}

export const familyOf = (address: Uint8Array): number =>
  address.length === 4 ? Family.INET : Family.INET6;

/** struct ndmsg. */
export function ndmsg(family: number, link: number, state: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(12));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, family);
  view.setInt32(4, link, true);
  view.setUint16(8, state, true);
  view.setUint8(10, flags);
  return bytes;
}
