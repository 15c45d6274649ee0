/**
 * Requests and replies of rtnetlink(7): links, addresses, routes and neighbours. Pure bytes ↔ values;
 * structures and numbers from linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h, if_bridge.h, veth.h.
 */
import { type Attribute, decodeAttributes, readNumber, readText } from "./attribute.ts";
import { formatAddress, formatMac } from "./ip-address.ts";
import { type Message, MessageFlag } from "./message.ts";
import {
  addressBytes,
  Family,
  familyOf,
  macBytes,
  ndmsg,
  payload,
  RouteType,
} from "./route-message.ts";

const Link = {
  ADDRESS: 1,
  NAME: 3,
  MTU: 4,
  PARENT: 5,
  MASTER: 10,
  PROTOCOL_INFO: 12,
  INFO: 18,
  ALIAS: 20,
  AF_SPEC: 26,
  NETNS_FD: 28,
  EXTENDED_MASK: 29,
  NETNS_ID: 37,
} as const;
const INFO_KIND = 1;
const INFO_DATA = 2;
const INFO_PORT_DATA = 5;
/** IFLA_BRPORT_ISOLATED. */
const PORT_ISOLATED = 33;
const VETH_PEER = 1;
const INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_NONE = 1;
const Address = { ADDRESS: 1, LOCAL: 2, FLAGS: 8 } as const;
/** No duplicate address detection: the address is usable at once. */
const ADDRESS_NODAD = 0x02;
const Route = { DESTINATION: 1, OUTPUT: 4, GATEWAY: 5, TABLE: 15 } as const;
const LINK_UP = 1;

const { REQUEST, ACK, CREATE, EXCLUDE, REPLACE, DUMP } = MessageFlag;

/** struct ifinfomsg; `change` 0 with `flags` sets exactly the flags that are named in both. */
function ifinfomsg(options: { family?: number; index?: number; flags?: number; change?: number }) {
  const bytes = new Uint8Array(new ArrayBuffer(16));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, options.family ?? Family.UNSPEC);
  view.setInt32(4, options.index ?? 0, true);
  view.setUint32(8, options.flags ?? 0, true);
  view.setUint32(12, options.change ?? 0, true);
  return bytes;
}

/** One end of a virtual cable is a port of a bridge here, the other one a link elsewhere. */
export interface VethRequest {
  hostDevice: string;
  /** Index of the bridge that the host's end is put into. */
  bridge: number;
  mtu: number;
  peer: { device: string; macAddress: string; namespace: number };
}

/**
 * A veth pair whose peer is born inside of another namespace. The peer's flags stay 0: it cannot be up
 * before it is configured (ENOTCONN).
 */
export function createVeth(request: VethRequest): Message {
  const { peer } = request;
  const peerPayload = payload(ifinfomsg({}), [
    [Link.NAME, peer.device],
    [Link.ADDRESS, macBytes(peer.macAddress)],
    [Link.MTU, request.mtu],
    [Link.NETNS_FD, peer.namespace],
  ]);
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(ifinfomsg({ flags: LINK_UP, change: LINK_UP }), [
      [Link.NAME, request.hostDevice],
      [Link.MTU, request.mtu],
      [Link.MASTER, request.bridge],
      [
        Link.INFO,
        [
          [INFO_KIND, "veth"],
          [INFO_DATA, [[VETH_PEER, peerPayload]]],
        ],
      ],
    ]),
  };
}

export function createBridge(name: string, options: { macAddress: string; mtu: number }): Message {
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(ifinfomsg({}), [
      [Link.NAME, name],
      [Link.ADDRESS, macBytes(options.macAddress)],
      [Link.MTU, options.mtu],
      [Link.INFO, [[INFO_KIND, "bridge"]]],
    ]),
  };
}

/** A link that shares another link's wire (linux/if_link.h: IFLA_MACVLAN_*, IFLA_IPVLAN_*). */
export type ChildLinkKind =
  | { kind: "macvlan"; mode: number }
  | { kind: "ipvlan"; mode: number; flag: number };

export interface ChildLinkRequest {
  device: string;
  /** Index of the parent, on the host. */
  parent: number;
  /** Of ipvlan links the parent's address is their own. */
  macAddress: string;
  mtu: number;
  type: ChildLinkKind;
  /** Descriptor of the namespace that it is born in. */
  namespace: number;
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8);

function childLinkData(type: ChildLinkKind): Attribute[] {
  // IFLA_MACVLAN_MODE is a u32, IFLA_IPVLAN_MODE and _FLAGS are u16.
  if (type.kind === "macvlan") return [[1, type.mode]];
  return [
    [1, u16(type.mode)],
    [2, u16(type.flag)],
  ];
}

/** A macvlan or ipvlan link that is born inside of another namespace. */
export function createChildLink(request: ChildLinkRequest): Message {
  const { type } = request;
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(ifinfomsg({}), [
      [Link.NAME, request.device],
      ...(type.kind === "macvlan" ? [[Link.ADDRESS, macBytes(request.macAddress)] as const] : []),
      ...(request.mtu > 0 ? [[Link.MTU, request.mtu] as const] : []),
      [Link.PARENT, request.parent],
      [Link.NETNS_FD, request.namespace],
      [
        Link.INFO,
        [
          [INFO_KIND, type.kind],
          [INFO_DATA, childLinkData(type)],
        ],
      ],
    ]),
  };
}

/** An 802.1Q sub-interface (IFLA_VLAN_ID is 1, a u16). */
export function createVlan(name: string, parent: number, id: number): Message {
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(ifinfomsg({}), [
      [Link.NAME, name],
      [Link.PARENT, parent],
      [
        Link.INFO,
        [
          [INFO_KIND, "vlan"],
          [INFO_DATA, [[1, u16(id)]]],
        ],
      ],
    ]),
  };
}

/** A dummy link: an interface without anything behind it. */
export function createDummy(name: string): Message {
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(ifinfomsg({}), [
      [Link.NAME, name],
      [Link.INFO, [[INFO_KIND, "dummy"]]],
    ]),
  };
}

/** A veth pair with both ends here: a wire that leads nowhere else. */
export function createPair(name: string, peer: string): Message {
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(ifinfomsg({ flags: LINK_UP, change: LINK_UP }), [
      [Link.NAME, name],
      [
        Link.INFO,
        [
          [INFO_KIND, "veth"],
          [INFO_DATA, [[VETH_PEER, payload(ifinfomsg({}), [[Link.NAME, peer]])]]],
        ],
      ],
    ]),
  };
}

export function setLinkUp(index: number): Message {
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK,
    payload: payload(ifinfomsg({ index, flags: LINK_UP, change: LINK_UP }), []),
  };
}

/** The bytes that a link carries at most, and the bridge that it is a port of where it is to be one. */
export function setLink(index: number, { mtu, master }: { mtu: number; master?: number }): Message {
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK,
    payload: payload(ifinfomsg({ index, flags: LINK_UP, change: LINK_UP }), [
      [Link.MTU, mtu],
      ...(master === undefined ? [] : [[Link.MASTER, master] as const]),
    ]),
  };
}

/** A link by its index, or by its name where the same datagram makes it. */
const named = (link: number | string) =>
  typeof link === "number"
    ? { header: ifinfomsg({ index: link }), name: [] }
    : { header: ifinfomsg({}), name: [[Link.NAME, link] as const] };

/** A note on a link that `ip link` shows and nothing interprets; at most 255 bytes. */
export function setLinkAlias(link: number | string, alias: string): Message {
  const { header, name } = named(link);
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK,
    payload: payload(header, [...name, [Link.ALIAS, new TextEncoder().encode(alias)]]),
  };
}

/** The link gets no link-local IPv6 address when it comes up (IN6_ADDR_GEN_MODE_NONE). */
export function withoutLinkLocalAddress(link: number | string): Message {
  const { header, name } = named(link);
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK,
    payload: payload(header, [
      ...name,
      [Link.AF_SPEC, [[Family.INET6, [[INET6_ADDR_GEN_MODE, Uint8Array.of(ADDR_GEN_NONE)]]]]],
    ]),
  };
}

export function deleteLink(index: number): Message {
  return {
    type: RouteType.DELETE_LINK,
    flags: REQUEST | ACK,
    payload: payload(ifinfomsg({ index }), []),
  };
}

export function getLink(name: string): Message {
  return {
    type: RouteType.GET_LINK,
    flags: REQUEST,
    payload: payload(ifinfomsg({}), [[Link.NAME, name]]),
  };
}

function ifaddrmsg(index: number, address: Uint8Array, prefix: number): Uint8Array {
  const fixed = new Uint8Array(new ArrayBuffer(8));
  const view = new DataView(fixed.buffer);
  view.setUint8(0, familyOf(address));
  view.setUint8(1, prefix);
  view.setUint8(2, address.length === 16 ? ADDRESS_NODAD : 0);
  view.setUint32(4, index, true);
  return fixed;
}

/** Replaces an equal address, so that repeating it is harmless. */
export function addAddress(index: number, address: string, prefix: number): Message {
  const bytes = addressBytes(address);
  return {
    type: RouteType.NEW_ADDRESS,
    flags: REQUEST | ACK | CREATE | REPLACE,
    payload: payload(ifaddrmsg(index, bytes, prefix), [
      [Address.LOCAL, bytes],
      [Address.ADDRESS, bytes],
      ...(bytes.length === 16 ? [[Address.FLAGS, ADDRESS_NODAD] as const] : []),
    ]),
  };
}

export function deleteAddress(index: number, address: string, prefix: number): Message {
  const bytes = addressBytes(address);
  return {
    type: RouteType.DELETE_ADDRESS,
    flags: REQUEST | ACK,
    payload: payload(ifaddrmsg(index, bytes, prefix), [[Address.LOCAL, bytes]]),
  };
}

/** The default route of the main table. */
export function addDefaultRoute(index: number, gateway: string): Message {
  const bytes = addressBytes(gateway);
  const fixed = new Uint8Array(new ArrayBuffer(12));
  const view = new DataView(fixed.buffer);
  view.setUint8(0, familyOf(bytes));
  view.setUint8(4, 254); // RT_TABLE_MAIN
  view.setUint8(5, 3); // RTPROT_BOOT
  view.setUint8(6, 0); // RT_SCOPE_UNIVERSE
  view.setUint8(7, 1); // RTN_UNICAST
  return {
    type: RouteType.NEW_ROUTE,
    flags: REQUEST | ACK | CREATE | REPLACE,
    payload: payload(fixed, [
      [Route.GATEWAY, bytes],
      [Route.OUTPUT, index],
    ]),
  };
}

/** The default route of the main table over a link without a gateway. */
export function addDeviceRoute(index: number, family: 4 | 6): Message {
  const fixed = new Uint8Array(new ArrayBuffer(12));
  const view = new DataView(fixed.buffer);
  view.setUint8(0, family === 4 ? Family.INET : Family.INET6);
  view.setUint8(4, 254); // RT_TABLE_MAIN
  view.setUint8(5, 3); // RTPROT_BOOT
  view.setUint8(6, family === 4 ? 253 : 0); // RT_SCOPE_LINK
  view.setUint8(7, 1); // RTN_UNICAST
  return {
    type: RouteType.NEW_ROUTE,
    flags: REQUEST | ACK | CREATE | REPLACE,
    payload: payload(fixed, [[Route.OUTPUT, index]]),
  };
}

/** Tells a bridge behind which port a MAC address is, in place of what it has learned earlier. */
export function addBridgeNeighbour(port: number, macAddress: string): Message {
  // NUD_NOARP: static, yet not the port's own address. NTF_MASTER.
  const fixed = ndmsg(Family.BRIDGE, port, 0x40, 0x04);
  return {
    type: RouteType.NEW_NEIGHBOUR,
    flags: REQUEST | ACK | CREATE | REPLACE,
    payload: payload(fixed, [[2, macBytes(macAddress)]]), // NDA_LLADDR
  };
}

/** Keeps a bridge's port apart from the other isolated ones (IFLA_BRPORT_ISOLATED). */
export function isolatePort(port: number): Message {
  return {
    type: RouteType.SET_LINK,
    flags: REQUEST | ACK,
    payload: payload(ifinfomsg({ family: Family.BRIDGE, index: port }), [
      [Link.PROTOCOL_INFO, [[PORT_ISOLATED, Uint8Array.of(1)]]],
    ]),
  };
}

/** Without counters, which are most of what the kernel says of a link (RTEXT_FILTER_SKIP_STATS). */
export const dumpLinks = (): Message => ({
  type: RouteType.GET_LINK,
  flags: REQUEST | DUMP,
  payload: payload(ifinfomsg({}), [[Link.EXTENDED_MASK, 8]]),
});
export const dumpAddresses = (): Message => ({
  type: RouteType.GET_ADDRESS,
  flags: REQUEST | DUMP,
  payload: new Uint8Array(8),
});
export const dumpRoutes = (): Message => ({
  type: RouteType.GET_ROUTE,
  flags: REQUEST | DUMP,
  payload: new Uint8Array(12),
});

export interface LinkInfo {
  index: number;
  name: string;
  up: boolean;
  kind: string | undefined;
  macAddress: string | undefined;
  mtu: number;
  /** Index of the bridge (or bond) that it is a port of. */
  master: number | undefined;
  alias: string | undefined;
  /** Index of a veth's other end, or of the link that this one is a child of. */
  parent: number | undefined;
  /** `parent` is in another network namespace. */
  parentElsewhere: boolean;
  /** A port of a bridge that is kept apart from the other ones like it. */
  isolated: boolean;
}

/** undefined for a message that is no link. */
export function decodeLink(message: Message): LinkInfo | undefined {
  const { payload: bytes } = message;
  if (message.type !== RouteType.NEW_LINK || bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const attributes = decodeAttributes(bytes.subarray(16));
  const info = attributes.get(Link.INFO);
  const details = info === undefined ? undefined : decodeAttributes(info);
  const port = details?.get(INFO_PORT_DATA);
  const mac = attributes.get(Link.ADDRESS);
  return {
    index: view.getInt32(4, true),
    name: readText(attributes.get(Link.NAME)) ?? "",
    up: (view.getUint32(8, true) & LINK_UP) !== 0,
    kind: readText(details?.get(INFO_KIND)),
    macAddress: mac?.length === 6 ? formatMac(mac) : undefined,
    mtu: readNumber(attributes.get(Link.MTU)) ?? 0,
    master: readNumber(attributes.get(Link.MASTER)),
    alias: readText(attributes.get(Link.ALIAS)),
    parent: readNumber(attributes.get(Link.PARENT)),
    parentElsewhere: attributes.has(Link.NETNS_ID),
    isolated: port !== undefined && decodeAttributes(port).get(PORT_ISOLATED)?.[0] === 1,
  };
}

export interface AddressInfo {
  link: number;
  address: string;
  prefix: number;
}

export function decodeAddress(message: Message): AddressInfo | undefined {
  const { payload: bytes } = message;
  if (message.type !== RouteType.NEW_ADDRESS || bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const attributes = decodeAttributes(bytes.subarray(8));
  const address = attributes.get(Address.LOCAL) ?? attributes.get(Address.ADDRESS);
  if (address?.length !== 4 && address?.length !== 16) return undefined;
  return {
    link: view.getUint32(4, true),
    address: formatAddress(address),
    prefix: view.getUint8(1),
  };
}

export interface RouteInfo {
  /** `0.0.0.0` or `::` with prefix 0 for a default route. */
  destination: string;
  prefix: number;
  link: number | undefined;
  gateway: string | undefined;
  table: number;
}

export function decodeRoute(message: Message): RouteInfo | undefined {
  const { payload: bytes } = message;
  if (message.type !== RouteType.NEW_ROUTE || bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint8(0);
  if (family !== Family.INET && family !== Family.INET6) return undefined;
  const size = family === Family.INET ? 4 : 16;
  const attributes = decodeAttributes(bytes.subarray(12));
  const read = (type: number): string | undefined => {
    const value = attributes.get(type);
    return value?.length === size ? formatAddress(value) : undefined;
  };
  return {
    destination: read(Route.DESTINATION) ?? formatAddress(new Uint8Array(size)),
    prefix: view.getUint8(1),
    link: readNumber(attributes.get(Route.OUTPUT)),
    gateway: read(Route.GATEWAY),
    table: readNumber(attributes.get(Route.TABLE)) ?? view.getUint8(4),
  };
}
