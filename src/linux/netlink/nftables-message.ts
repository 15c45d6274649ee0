import { type Attribute, decodeAttributes, encodeAttributes } from "./attribute.ts";
import { type Message, MessageFlag, type ReceivedMessage } from "./message.ts";

/** nf_tables over nfnetlink: messages and attributes (linux/netfilter/nf_tables.h). Pure. */

const SUBSYSTEM = 10;
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;

/** NFT_MSG_*; a dump of `get…` answers with the number below it. */
export const NftMessage = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  newRule: 6,
  getRule: 7,
  newSet: 9,
  getSet: 10,
  newSetElements: 12,
  getSetElements: 13,
  newObject: 18,
  getObject: 19,
} as const;

/** NFPROTO_*: families of tables that see packets for this host. */
export const NftFamily = { inet: 1, ip: 2, ip6: 10 } as const;
export type NftFamilyName = keyof typeof NftFamily;

/** What a chain, rule, set, element list and object have in common: attribute 1 is the table's name. */
export const TABLE = 1;

const CREATE = MessageFlag.REQUEST | MessageFlag.CREATE;

/** struct nfgenmsg and attributes; `resource` is in network order. */
function payloadOf(family: number, resource: number, attributes: readonly Attribute[]): Uint8Array {
  const encoded = encodeAttributes(attributes);
  const payload = new Uint8Array(new ArrayBuffer(4 + encoded.length));
  payload.set([family, 0, resource >> 8, resource & 0xff]);
  payload.set(encoded, 4);
  return payload;
}

const message = (
  type: number,
  flags: number,
  family: number,
  attributes: readonly Attribute[],
): Message => ({ type: (SUBSYSTEM << 8) | type, flags, payload: payloadOf(family, 0, attributes) });

/** Something new, at the end of what there is. */
export const nftCreate = (
  type: number,
  family: number,
  attributes: readonly Attribute[],
): Message =>
  message(type, type === NftMessage.newRule ? CREATE | 0x800 : CREATE, family, attributes);

export const nftDeleteTable = (family: number, name: string): Message =>
  message(NftMessage.deleteTable, MessageFlag.REQUEST, family, [[TABLE, name]]);

export const nftDump = (type: number, family: number, attributes: readonly Attribute[]): Message =>
  message(type, MessageFlag.REQUEST | MessageFlag.DUMP, family, attributes);

/** One transaction; its last message asks for an acknowledgement. */
export function nftBatch(messages: readonly Message[]): Message[] {
  const edge = (type: number): Message => ({
    type,
    flags: MessageFlag.REQUEST,
    payload: payloadOf(0, SUBSYSTEM, []),
  });
  const last = messages.length - 1;
  return [
    edge(BATCH_BEGIN),
    ...messages.map((one, index) =>
      index === last ? { ...one, flags: one.flags | MessageFlag.ACK } : one,
    ),
    edge(BATCH_END),
  ];
}

/** The family and the attributes of a message that the kernel has sent. */
export function nftDecode({ payload }: ReceivedMessage): {
  family: number;
  attributes: Map<number, Uint8Array>;
} {
  return { family: payload[0] ?? 0, attributes: decodeAttributes(payload.subarray(4)) };
}

/** nf_tables' numbers are in network order. */
export function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(4));
  new DataView(bytes.buffer).setUint32(0, value >>> 0);
  return bytes;
}

export function readBigEndian(value: Uint8Array | undefined): number | undefined {
  if (value === undefined || value.length < 4) return undefined;
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0);
}
