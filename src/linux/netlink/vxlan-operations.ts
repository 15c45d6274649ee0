import { Errno } from "../errno.ts";
import type { ReceivedMessage } from "./message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import {
  addPeer,
  decodeNeighbour,
  decodeVxlan,
  dumpNeighbours,
  forgetMac,
  forgetNeighbour,
  type NeighbourInfo,
  type VxlanPeer,
  type VxlanRequest,
} from "./vxlan.ts";

/** Messages in one datagram; the socket's buffer is no larger than the system's default. */
const BATCH = 200;

const defined = <T>(value: T | undefined): value is T => value !== undefined;

/** Was this link made with these values? */
export function isSameVxlan(
  answers: readonly ReceivedMessage[],
  { id, local, port }: Omit<VxlanRequest, "bridge">,
): boolean {
  const found = answers.map(decodeVxlan).find(defined);
  return found?.id === id && found.local === local && found.port === port;
}

/** Tells a VXLAN link of peers, and takes back those that are gone. Idempotent. */
export function changePeers(
  socket: NetlinkSocket,
  link: number,
  peers: readonly VxlanPeer[],
  gone: readonly VxlanPeer[],
): void {
  const forgotten = gone.flatMap(({ macAddress, addresses }) => [
    ...forgetMac(link, macAddress),
    ...addresses.map((address) => forgetNeighbour(link, address)),
  ]);
  const messages = [...forgotten, ...peers.flatMap((peer) => addPeer(link, peer))];
  for (let start = 0; start < messages.length; start += BATCH) {
    socket.request(messages.slice(start, start + BATCH), [Errno.ENOENT]);
  }
}

/** The link knows these peers and no others. */
export function replacePeers(
  socket: NetlinkSocket,
  link: number,
  peers: readonly VxlanPeer[],
): void {
  const macs = new Set(peers.map(({ macAddress }) => macAddress));
  const addresses = new Set(peers.flatMap((peer) => peer.addresses));
  const dump = (family: "bridge" | 4 | 6): NeighbourInfo[] =>
    socket
      .dump(dumpNeighbours(family))
      .map(decodeNeighbour)
      .filter(defined)
      .filter((neighbour) => neighbour.link === link);
  const stale = dump("bridge").filter(
    ({ macAddress, own, address }) =>
      own && address !== undefined && macAddress !== undefined && !macs.has(macAddress),
  );
  const unknown = [...dump(4), ...dump(6)].filter(
    ({ address, permanent }) => permanent && address !== undefined && !addresses.has(address),
  );
  const gone = [
    ...stale.map(({ macAddress = "" }) => ({ macAddress, addresses: [], host: "", port: 0 })),
  ];
  changePeers(socket, link, [], gone);
  const messages = unknown.map(({ address = "" }) => forgetNeighbour(link, address));
  for (let start = 0; start < messages.length; start += BATCH) {
    socket.request(messages.slice(start, start + BATCH), [Errno.ENOENT]);
  }
  changePeers(socket, link, peers, []);
}
