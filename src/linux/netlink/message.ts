import { align } from "./attribute.ts";

/** nlmsghdr flags (netlink(7)). */
export const MessageFlag = {
  REQUEST: 1,
  ACK: 4,
  REPLACE: 0x100,
  EXCLUDE: 0x200,
  DUMP: 0x300,
  CREATE: 0x400,
} as const;

/** Message types of every family. */
export const ControlType = { ERROR: 2, DONE: 3 } as const;

/** Flag on a part of a dump that was taken while things changed. */
const DUMP_INTERRUPTED = 0x10;
const HEADER = 16;

/** One netlink message without its sequence number, which the socket gives. */
export interface Message {
  type: number;
  flags: number;
  /** The family's fixed structure and its attributes. */
  payload: Uint8Array;
}

export interface ReceivedMessage extends Message {
  sequence: number;
  interrupted: boolean;
}

/** Messages one behind the other, with sequence numbers that count up from `sequence`. */
export function encodeMessages(messages: readonly Message[], sequence: number): Uint8Array {
  const total = messages.reduce((sum, { payload }) => sum + align(HEADER + payload.length), 0);
  const bytes = new Uint8Array(new ArrayBuffer(total));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [index, { type, flags, payload }] of messages.entries()) {
    view.setUint32(offset, HEADER + payload.length, true);
    view.setUint16(offset + 4, type, true);
    view.setUint16(offset + 6, flags, true);
    view.setUint32(offset + 8, (sequence + index) >>> 0, true);
    bytes.set(payload, offset + HEADER);
    offset += align(HEADER + payload.length);
  }
  return bytes;
}

/** The messages of one datagram; a truncated last one is left out. */
export function decodeMessages(bytes: Uint8Array): ReceivedMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: ReceivedMessage[] = [];
  let offset = 0;
  while (offset + HEADER <= bytes.length) {
    const length = view.getUint32(offset, true);
    if (length < HEADER || offset + length > bytes.length) break;
    const flags = view.getUint16(offset + 6, true);
    messages.push({
      type: view.getUint16(offset + 4, true),
      flags,
      sequence: view.getUint32(offset + 8, true),
      interrupted: (flags & DUMP_INTERRUPTED) !== 0,
      payload: bytes.slice(offset + HEADER, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

/** The errno of an error message, positive; 0 is an acknowledgement. */
export function readError(message: Message): number {
  const { buffer, byteOffset, byteLength } = message.payload;
  return byteLength < 4 ? 0 : -new DataView(buffer, byteOffset, byteLength).getInt32(0, true);
}
