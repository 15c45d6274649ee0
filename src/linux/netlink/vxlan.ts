/**
 * VXLAN links and what they know of other hosts (RFC 7348; linux/if_link.h IFLA_VXLAN_*, neighbour.h).
 * Pure bytes ↔ values.
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

const { REQUEST, ACK, CREATE, EXCLUDE, REPLACE, DUMP } = MessageFlag;

const Vxlan = {
  ID: 1,
  LOCAL: 4,
  LEARNING: 7,
  PROXY: 11,
  PORT: 15,
  LOCAL6: 17,
} as const;
const Neighbour = { DESTINATION: 1, MAC: 2, PORT: 6 } as const;
/** Of the link itself, and of the bridge whose port it is. */
const OWN = 0x02;
const MASTER = 0x04;
/** Static for a bridge (NUD_NOARP) and for a VXLAN link (NUD_REACHABLE). */
const STATIC = 0x42;
const PERMANENT = 0x80;

export interface VxlanRequest {
  name: string;
  /** Index of the bridge that it becomes a port of. */
  bridge: number;
  id: number;
  /** The host's own address on the network between the hosts. */
  local: string;
  port: number;
  mtu: number;
}

/** Another host's container in an overlay network. */
export interface VxlanPeer {
  macAddress: string;
  addresses: readonly string[];
  /** Where its host takes the packets. */
  host: string;
  port: number;
}

const bigEndian = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);

/**
 * A link that learns nothing, floods nothing (there is no entry for unknown addresses) and answers ARP and
 * neighbour solicitations from its own entries (IFLA_VXLAN_PROXY).
 */
export function createVxlan(request: VxlanRequest): Message {
  const local = addressBytes(request.local);
  const data: Attribute[] = [
    [Vxlan.ID, request.id],
    [local.length === 4 ? Vxlan.LOCAL : Vxlan.LOCAL6, local],
    [Vxlan.LEARNING, Uint8Array.of(0)],
    [Vxlan.PROXY, Uint8Array.of(1)],
    [Vxlan.PORT, bigEndian(request.port)],
  ];
  return {
    type: RouteType.NEW_LINK,
    flags: REQUEST | ACK | CREATE | EXCLUDE,
    payload: payload(new Uint8Array(16), [
      [3, request.name], // IFLA_IFNAME
      [4, request.mtu], // IFLA_MTU
      [10, request.bridge], // IFLA_MASTER
      [
        18, // IFLA_LINKINFO
        [
          [1, "vxlan"],
          [2, data],
        ],
      ],
    ]),
  };
}

/** What a VXLAN link was made with; undefined for other links. */
export function decodeVxlan(
  message: Message,
): Pick<VxlanRequest, "id" | "local" | "port"> | undefined {
  if (message.type !== RouteType.NEW_LINK || message.payload.length < 16) return undefined;
  const info = decodeAttributes(message.payload.subarray(16)).get(18);
  const parts = info === undefined ? undefined : decodeAttributes(info);
  const data = parts?.get(2);
  if (readText(parts?.get(1)) !== "vxlan" || data === undefined) return undefined;
  const values = decodeAttributes(data);
  const local = values.get(Vxlan.LOCAL) ?? values.get(Vxlan.LOCAL6);
  const [high = 0, low = 0] = values.get(Vxlan.PORT) ?? [];
  return {
    id: readNumber(values.get(Vxlan.ID)) ?? 0,
    local: local === undefined ? "" : formatAddress(local),
    port: high * 256 + low,
  };
}

/** Where frames for a peer go, and whose addresses are whose; in place of what was known of them. */
export function addPeer(link: number, peer: VxlanPeer): Message[] {
  const mac = macBytes(peer.macAddress);
  const flags = REQUEST | ACK | CREATE | REPLACE;
  return [
    {
      type: RouteType.NEW_NEIGHBOUR,
      flags,
      payload: payload(ndmsg(Family.BRIDGE, link, STATIC, OWN | MASTER), [
        [Neighbour.MAC, mac],
        [Neighbour.DESTINATION, addressBytes(peer.host)],
        [Neighbour.PORT, bigEndian(peer.port)],
      ]),
    },
    ...peer.addresses.map((address) => {
      const bytes = addressBytes(address);
      return {
        type: RouteType.NEW_NEIGHBOUR,
        flags,
        payload: payload(ndmsg(familyOf(bytes), link, PERMANENT, 0), [
          [Neighbour.DESTINATION, bytes],
          [Neighbour.MAC, mac],
        ]),
      };
    }),
  ];
}

export const forgetMac = (link: number, macAddress: string): Message[] =>
  [OWN, MASTER].map((flag) => ({
    type: RouteType.DELETE_NEIGHBOUR,
    flags: REQUEST | ACK,
    payload: payload(ndmsg(Family.BRIDGE, link, STATIC, flag), [
      [Neighbour.MAC, macBytes(macAddress)],
    ]),
  }));

export function forgetNeighbour(link: number, address: string): Message {
  const bytes = addressBytes(address);
  return {
    type: RouteType.DELETE_NEIGHBOUR,
    flags: REQUEST | ACK,
    payload: payload(ndmsg(familyOf(bytes), link, PERMANENT, 0), [[Neighbour.DESTINATION, bytes]]),
  };
}

/** Entries of one family: the forwarding entries of bridges and VXLAN links, or addresses. */
export const dumpNeighbours = (family: "bridge" | 4 | 6): Message => ({
  type: RouteType.GET_NEIGHBOUR,
  flags: REQUEST | DUMP,
  payload: ndmsg(
    family === "bridge" ? Family.BRIDGE : family === 4 ? Family.INET : Family.INET6,
    0,
    0,
    0,
  ),
});

/** An entry of a link: a MAC address that it forwards to, or an address that it answers for. */
export interface NeighbourInfo {
  link: number;
  macAddress: string | undefined;
  /** Of a forwarding entry the host; else the address itself. */
  address: string | undefined;
  permanent: boolean;
  own: boolean;
}

export function decodeNeighbour(message: Message): NeighbourInfo | undefined {
  const { payload } = message;
  if (message.type !== RouteType.NEW_NEIGHBOUR || payload.length < 12) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attributes = decodeAttributes(payload.subarray(12));
  const mac = attributes.get(Neighbour.MAC);
  const address = attributes.get(Neighbour.DESTINATION);
  return {
    link: view.getInt32(4, true),
    macAddress: mac?.length === 6 ? formatMac(mac) : undefined,
    address: address?.length === 4 || address?.length === 16 ? formatAddress(address) : undefined,
    permanent: (view.getUint16(8, true) & PERMANENT) !== 0,
    own: (view.getUint8(10) & OWN) !== 0,
  };
}
