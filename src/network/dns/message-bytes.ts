/** DNS messages as bytes (RFC 1035, section 4): what is read of messages that are handed on unchanged. */

export const HEADER_BYTES = 12;
/** Both without EDNS (RFC 1035) and the most that is sent over UDP with it (RFC 6891). */
export const UDP_BYTES = 512;
export const EDNS_BYTES = 4096;

const TYPE_SOA = 6;
const TYPE_OPT = 41;

export const Rcode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const long = (bytes: Uint8Array, at: number): number =>
  word(bytes, at) * 0x10000 + word(bytes, at + 2);

export const messageId = (bytes: Uint8Array): number => word(bytes, 0);
export const isResponse = (bytes: Uint8Array): boolean => ((bytes[2] ?? 0) & 0x80) !== 0;
export const opcodeOf = (bytes: Uint8Array): number => ((bytes[2] ?? 0) >> 3) & 0x0f;
export const isTruncated = (bytes: Uint8Array): boolean => ((bytes[2] ?? 0) & 0x02) !== 0;
export const rcodeOf = (bytes: Uint8Array): number => (bytes[3] ?? 0) & 0x0f;
export const questionCount = (bytes: Uint8Array): number => word(bytes, 4);

export function setId(bytes: Uint8Array, id: number): void {
  bytes[0] = id >> 8;
  bytes[1] = id & 0xff;
}

/** The offset behind a name; undefined when it runs out of the message. Pointers are not followed. */
function skipName(bytes: Uint8Array, start: number): number | undefined {
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2 <= bytes.length ? at + 2 : undefined;
    if ((length & 0xc0) !== 0) return undefined;
    at += 1 + length;
  }
  return undefined;
}

/** The offset behind the only question; undefined when the message is malformed. */
export function questionEnd(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES || questionCount(bytes) !== 1) return undefined;
  const end = skipName(bytes, HEADER_BYTES);
  return end === undefined || end + 4 > bytes.length ? undefined : end + 4;
}

export interface RecordTimes {
  /** Offsets of the TTLs of all records but OPT. */
  offsets: number[];
  /** Seconds until the first record is out of date; undefined when nothing says so. */
  seconds: number | undefined;
}

/** When the records of an answer are out of date (RFC 2308 for negative ones); undefined: malformed. */
export function recordTimes(bytes: Uint8Array): RecordTimes | undefined {
  let at = questionEnd(bytes);
  const count = word(bytes, 6) + word(bytes, 8) + word(bytes, 10);
  const offsets: number[] = [];
  let seconds: number | undefined;
  for (let record = 0; record < count; record++) {
    const end: number | undefined = at === undefined ? undefined : skipName(bytes, at);
    if (end === undefined || end + 10 > bytes.length) return undefined;
    const type = word(bytes, end);
    const data = end + 10;
    const next = data + word(bytes, end + 8);
    if (next > bytes.length) return undefined;
    if (type !== TYPE_OPT) {
      offsets.push(end + 4);
      let ttl = long(bytes, end + 4);
      // The last field of an SOA bounds how long "there is none" holds.
      if (type === TYPE_SOA && next - data >= 20) ttl = Math.min(ttl, long(bytes, next - 4));
      seconds = Math.min(seconds ?? ttl, ttl);
    }
    at = next;
  }
  return at === undefined ? undefined : { offsets, seconds };
}

/** Takes seconds off every TTL, in place. */
export function age(bytes: Uint8Array, offsets: readonly number[], seconds: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const at of offsets) view.setUint32(at, Math.max(0, view.getUint32(at) - seconds));
}

/** An answer without records: the query's header and question, with another code. */
export function emptyAnswer(query: Uint8Array, rcode: number, truncated = false): Uint8Array {
  const end = questionEnd(query);
  const answer = new Uint8Array(end ?? HEADER_BYTES);
  answer.set(query.subarray(0, answer.length));
  // QR, the query's opcode and RD; RA.
  answer[2] = 0x80 | ((query[2] ?? 0) & 0x79) | (truncated ? 0x02 : 0);
  answer[3] = 0x80 | rcode;
  answer.fill(0, 6, HEADER_BYTES);
  if (end === undefined) answer.fill(0, 4, 6);
  return answer;
}
