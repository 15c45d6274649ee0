import type { LogStream } from "../log-writer.ts";

/**
 * The format of the `local` driver. A file is a row of blocks of 64 KiB; a record never crosses from one
 * block into the next, so that every block begins with a record and can be read by itself: for a tail
 * from the last block backwards, for an instant by binary search. What a record leaves free at the end of
 * its block is zero.
 *
 * A record is a header of 16 bytes and a payload, as the container wrote it, newlines included:
 *
 * | at | bytes | |
 * |---|---|---|
 * | 0 | 1 | kind: 0 attributes (JSON), 1 stdout, 2 stderr; 0x10 added: begins in the middle of a line |
 * | 1 | 1 | check: the other 15 bytes and 0x5a, xor |
 * | 2 | 2 | length of the payload, little-endian as all that follows |
 * | 4 | 4 | newlines in the payload |
 * | 8 | 8 | nanoseconds since the epoch at which the payload was read |
 */
export const BLOCK_SIZE = 64 * 1024;
export const HEADER_SIZE = 16;
export const MAX_PAYLOAD = BLOCK_SIZE - HEADER_SIZE;

const CONTINUES = 0x10;

export interface RecordHeader {
  kind: 0 | LogStream;
  /** The payload goes on with a line that an earlier record of the stream began. */
  continues: boolean;
  length: number;
  lines: number;
  time: bigint;
}

export function encodeHeader(into: Uint8Array, at: number, header: RecordHeader): void {
  const view = new DataView(into.buffer, into.byteOffset + at, HEADER_SIZE);
  view.setUint8(0, header.kind | (header.continues ? CONTINUES : 0));
  view.setUint8(1, 0);
  view.setUint16(2, header.length, true);
  view.setUint32(4, header.lines, true);
  view.setBigUint64(8, BigInt.asUintN(64, header.time), true);
  view.setUint8(1, checkOf(into, at));
}

function checkOf(bytes: Uint8Array, at: number): number {
  let check = 0x5a;
  for (let index = at; index < at + HEADER_SIZE; index++) check ^= bytes[index] ?? 0;
  return check;
}

/**
 * Walks the records of one block without allocating for each. `next` stops at free space or at something
 * broken; the fields then still describe the last record.
 */
export class RecordCursor {
  kind: 0 | LogStream = 0;
  continues = false;
  lines = 0;
  /** The payload: `block[from … to)`. */
  from = 0;
  to: number;
  readonly #block: Uint8Array;
  readonly #view: DataView;
  #end: number;

  /** Records from `at` on; nothing from `end` on is there (yet). */
  constructor(block: Uint8Array, at: number, end: number) {
    this.#block = block;
    this.#view = new DataView(block.buffer, block.byteOffset);
    this.to = at;
    this.#end = end;
  }

  /** Goes on elsewhere in the same bytes. */
  move(at: number, end: number): void {
    this.to = at;
    this.#end = end;
  }

  next(): boolean {
    const at = this.to;
    if (at + HEADER_SIZE > this.#end) return false;
    // The check byte takes part in the sum, so that a whole header sums up to zero.
    if (checkOf(this.#block, at) !== 0) return false;
    const first = this.#view.getUint8(at);
    const kind = first & ~CONTINUES;
    const from = at + HEADER_SIZE;
    const to = from + this.#view.getUint16(at + 2, true);
    if (kind > 2 || to > this.#end) return false;
    this.kind = kind as 0 | LogStream;
    this.continues = (first & CONTINUES) !== 0;
    this.lines = this.#view.getUint32(at + 4, true);
    this.from = from;
    this.to = to;
    return true;
  }

  time(): bigint {
    return this.#view.getBigUint64(this.from - 8, true);
  }
}

/** How many newlines there are in `bytes[from … to)`. */
export function countLines(bytes: Uint8Array, from: number, to: number): number {
  let lines = 0;
  for (let index = from; index < to; index++) {
    if (bytes[index] === 0x0a) lines++;
  }
  return lines;
}
