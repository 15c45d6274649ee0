import { type LogStream, MAX_LINE_PIECE } from "../log-writer.ts";

const encoder = new TextEncoder();
const HEX = encoder.encode("0123456789abcdef");
const REPLACEMENT = encoder.encode("\\ufffd");
const LOG = encoder.encode('{"log":"');
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;

/** Bytes that Go's JSON encoder (with HTML escaping) does not write as they are; 1 = needs care. */
const SPECIAL = new Uint8Array(256);
SPECIAL.fill(1, 0, 0x20);
SPECIAL.fill(1, 0x80);
for (const sign of '"\\<>&') SPECIAL[sign.charCodeAt(0)] = 1;

/** Shared by all encoders: what one has encoded is used before the next begins. */
let scratch = new Uint8Array(new ArrayBuffer(64 * 1024));

/**
 * Encodes the lines of one read as Docker's json-file driver does, one object a line:
 * `{"log":"text\n","stream":"stdout","attrs":{…},"time":"…"}`. A line over 16 KiB becomes several, of which
 * the last alone has the newline; so does a piece without one.
 */
export class JsonRecordEncoder {
  readonly #attributes: Uint8Array;
  #output = scratch;
  #length = 0;

  /** `attributes` as the text of a JSON object, "" for none. */
  constructor(attributes: string) {
    this.#attributes = encoder.encode(attributes === "" ? "" : `"attrs":${attributes},`);
  }

  /** The bytes are valid until the next call. */
  encode(
    stream: LogStream,
    bytes: Uint8Array,
    time: string,
  ): { bytes: Uint8Array; length: number } {
    this.#length = 0;
    this.#output = scratch;
    const name = stream === 1 ? "stdout" : "stderr";
    const attributes = new TextDecoder().decode(this.#attributes);
    const tail = encoder.encode(`","stream":"${name}",${attributes}"time":"${time}"}\n`);
    for (let start = 0; start < bytes.length; ) {
      const end = this.#pieceEnd(bytes, start);
      this.#reserve(LOG.length + (end - start) * 6 + tail.length);
      this.#put(LOG);
      this.#escape(bytes, start, end);
      this.#put(tail);
      start = end;
    }
    return { bytes: this.#output, length: this.#length };
  }

  #pieceEnd(bytes: Uint8Array, start: number): number {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    // The newline does not count against the size of a piece.
    const size = newline < 0 ? end - start : end - start - 1;
    return size <= MAX_LINE_PIECE ? end : start + MAX_LINE_PIECE;
  }

  #put(bytes: Uint8Array): void {
    this.#output.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#output.length) return;
    const capacity = Math.max(2 * this.#output.length, this.#length + size);
    const grown = new Uint8Array(new ArrayBuffer(capacity));
    grown.set(this.#output.subarray(0, this.#length));
    this.#output = grown;
    scratch = grown;
  }

  #escape(bytes: Uint8Array, from: number, to: number): void {
    const output = this.#output;
    let at = this.#length;
    for (let index = from; index < to; ) {
      const byte = bytes[index] ?? 0;
      if (SPECIAL[byte] === 0) {
        output[at++] = byte;
        index++;
      } else if (byte < 0x80) {
        at = this.#escapeAscii(byte, at);
        index++;
      } else {
        const size = sequenceLength(bytes, index, to);
        at = this.#escapeSequence(bytes, index, size, at);
        index += Math.max(size, 1);
      }
    }
    this.#length = at;
  }

  #escapeAscii(byte: number, start: number): number {
    const output = this.#output;
    let at = start;
    output[at++] = BACKSLASH;
    if (byte === QUOTE || byte === BACKSLASH) output[at++] = byte;
    else if (byte === NEWLINE) output[at++] = 0x6e;
    else if (byte === 0x0d) output[at++] = 0x72;
    else {
      output[at++] = 0x75;
      output[at++] = 0x30;
      output[at++] = 0x30;
      output[at++] = HEX[byte >> 4] ?? 0;
      output[at++] = HEX[byte & 15] ?? 0;
    }
    return at;
  }

  /** A UTF-8 sequence as it is, but for U+2028 and U+2029; the replacement character for size 0. */
  #escapeSequence(bytes: Uint8Array, index: number, size: number, start: number): number {
    const output = this.#output;
    if (size === 0) {
      output.set(REPLACEMENT, start);
      return start + REPLACEMENT.length;
    }
    const last = bytes[index + 2] ?? 0;
    const isSeparator =
      size === 3 && bytes[index] === 0xe2 && bytes[index + 1] === 0x80 && (last & 0xfe) === 0xa8;
    if (isSeparator) {
      output.set(encoder.encode(last === 0xa8 ? "\\u2028" : "\\u2029"), start);
      return start + 6;
    }
    for (let offset = 0; offset < size; offset++)
      output[start + offset] = bytes[index + offset] ?? 0;
    return start + size;
  }
}

/** The length of the valid UTF-8 sequence at `index`, 0 if there is none (RFC 3629, table 3-7 of Unicode). */
export function sequenceLength(bytes: Uint8Array, index: number, end: number): number {
  const first = bytes[index] ?? 0;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || index + size > end) return 0;
  const second = bytes[index + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let offset = 2; offset < size; offset++) {
    if (((bytes[index + offset] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return size;
}
