import type { Attribute } from "./attribute.ts";
import { encodeAttributes } from "./attribute.ts";
import { parseAddress } from "./ip-address.ts";
import { type Message, MessageFlag } from "./message.ts";

/** NFNL_SUBSYS_CTNETLINK and IPCTNL_MSG_CT_DELETE (linux/netfilter/nfnetlink{,_conntrack}.h). */
const DELETE = (1 << 8) | 2;
const TUPLE_REPLY = 2;
const TUPLE_IP = 1;
const TUPLE_PROTOCOL = 2;
const PROTOCOL_NUMBER = 1;
const FILTER = 25;
const REPLY_FLAGS = 2;
/** CTA_FILTER_F_CTA_IP_SRC and CTA_FILTER_F_CTA_PROTO_NUM (net/netfilter/nf_conntrack_netlink.c). */
const BY_SOURCE_AND_PROTOCOL = (1 << 0) | (1 << 3);
const UDP = 17;

/**
 * Forgets every UDP flow that is answered by this address, so that the next datagram of its client is
 * looked at anew; a client that never pauses would else be sent to a dead address for ever.
 */
export function forgetUdpFlows(address: string): Message {
  const bytes = parseAddress(address);
  if (bytes === undefined) throw new Error(`Cannot encode "${address}": not an IP address`);
  const ipv4 = bytes.length === 4;
  const tuple: Attribute[] = [
    [TUPLE_IP, [[ipv4 ? 1 : 3, bytes]]],
    [TUPLE_PROTOCOL, [[PROTOCOL_NUMBER, Uint8Array.of(UDP)]]],
  ];
  const attributes = encodeAttributes([
    [TUPLE_REPLY, tuple],
    [FILTER, [[REPLY_FLAGS, BY_SOURCE_AND_PROTOCOL]]],
  ]);
  const payload = new Uint8Array(new ArrayBuffer(4 + attributes.length));
  // struct nfgenmsg: family; version 1 makes a deletion respect the family.
  payload.set([ipv4 ? 2 : 10, 1, 0, 0]);
  payload.set(attributes, 4);
  return { type: DELETE, flags: MessageFlag.REQUEST | MessageFlag.ACK, payload };
}
