import type { RecordSink } from "../log-format.ts";
import { parseLogTime } from "../log-time.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOG = encoder.encode('{"log":"');
const STREAM = encoder.encode('","stream":"std');
const ATTRIBUTES = encoder.encode('","attrs":');
const TIME = encoder.encode('"time":"');
/** By the letter behind a backslash, the byte that is meant; 0 for what the fast path leaves alone. */
const ESCAPES = new Uint8Array(256);
for (const [letter, byte] of [
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ['"', QUOTE],
  ["\\", BACKSLASH],
  ["/", 0x2f],
  ["b", 8],
  ["f", 12],
] as const) {
  ESCAPES[letter.charCodeAt(0)] = byte;
}

interface JsonLine {
  log?: unknown;
  stream?: unknown;
  time?: unknown;
  attrs?: unknown;
}

/**
 * Decodes lines of a json-file log. What Docker and Berth write is taken apart by hand, several times as
 * fast as JSON.parse; anything else goes through JSON.parse, and what is no record is left out.
 */
export class JsonLineDecoder {
  #scratch = new Uint8Array(new ArrayBuffer(64 * 1024));
  #attributes = "";
  #timeBytes: Uint8Array = new Uint8Array();
  #time: bigint | undefined;

  /** One line, `bytes[from … to)`, without its newline. False: the sink wants no more. */
  decode(bytes: Uint8Array, from: number, to: number, sink: RecordSink): boolean {
    return this.#decodeFast(bytes, from, to, sink) ?? this.#decodeAny(bytes, from, to, sink);
  }

  #decodeFast(bytes: Uint8Array, from: number, to: number, sink: RecordSink): boolean | undefined {
    if (!startsWith(bytes, from, LOG)) return undefined;
    if (this.#scratch.length < to - from)
      this.#scratch = new Uint8Array(new ArrayBuffer(to - from));
    const scratch = this.#scratch;
    let at = from + LOG.length;
    let length = 0;
    for (; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) {
        scratch[length++] = byte;
        continue;
      }
      const meant = ESCAPES[bytes[++at] ?? 0] ?? 0;
      if (meant !== 0) scratch[length++] = meant;
      else {
        const code = latinEscape(bytes, at);
        if (code < 0) return undefined;
        scratch[length++] = code;
        at += 4;
      }
    }
    if (!startsWith(bytes, at, STREAM)) return undefined;
    at += STREAM.length;
    const stream = bytes[at] === 0x6f ? 1 : 2;
    at += 3;
    const time = this.#decodeRest(bytes, at, to, sink);
    if (time === undefined) return undefined;
    const lines = scratch[length - 1] === NEWLINE ? 1 : 0;
    return sink.record(stream, time, scratch, 0, length, lines);
  }

  /** `","attrs":{…},"time":"…"}` from the quote on; the time. */
  #decodeRest(bytes: Uint8Array, start: number, to: number, sink: RecordSink): bigint | undefined {
    let at = start + 2;
    if (startsWith(bytes, start, ATTRIBUTES)) {
      const end = lastIndexOfTime(bytes, to);
      if (end < 0) return undefined;
      const text = decoder.decode(bytes.subarray(start + ATTRIBUTES.length, end - 1));
      if (!this.#setAttributes(text, sink)) return undefined;
      at = end;
    }
    if (!startsWith(bytes, at, TIME)) return undefined;
    if (!sink.needsTime) return 0n;
    return this.#decodeTime(bytes, at + TIME.length, to - 2);
  }

  /** Lines that were written together have the same time. */
  #decodeTime(bytes: Uint8Array, from: number, to: number): bigint | undefined {
    const last = this.#timeBytes;
    if (last.length !== to - from || !startsWith(bytes, from, last)) {
      this.#timeBytes = bytes.slice(from, to);
      this.#time = parseLogTime(latin(bytes, from, to));
    }
    return this.#time;
  }

  #setAttributes(text: string, sink: RecordSink): boolean {
    if (text === this.#attributes) return true;
    try {
      sink.attributes(JSON.parse(text));
    } catch {
      return false;
    }
    this.#attributes = text;
    return true;
  }

  #decodeAny(bytes: Uint8Array, from: number, to: number, sink: RecordSink): boolean {
    let line: JsonLine;
    try {
      line = JSON.parse(decoder.decode(bytes.subarray(from, to))) as JsonLine;
    } catch {
      return true;
    }
    const time = typeof line?.time === "string" ? parseLogTime(line.time) : undefined;
    if (time === undefined) return true;
    if (typeof line.attrs === "object" && line.attrs !== null) {
      this.#setAttributes(JSON.stringify(line.attrs), sink);
    }
    const log = encoder.encode(typeof line.log === "string" ? line.log : "");
    const stream = line.stream === "stderr" ? 2 : 1;
    return sink.record(stream, time, log, 0, log.length, log.at(-1) === NEWLINE ? 1 : 0);
  }
}

/** The time of a line; undefined if it is no record. */
export function timeOfLine(bytes: Uint8Array, from: number, to: number): bigint | undefined {
  const at = lastIndexOfTime(bytes.subarray(from, to), to - from);
  return at < 0 ? undefined : parseLogTime(latin(bytes, from + at + TIME.length, to - 2));
}

/** Docker puts the time last, and it is short: no need to look far. */
function lastIndexOfTime(bytes: Uint8Array, to: number): number {
  for (let at = to - TIME.length; at >= Math.max(0, to - 64); at--) {
    if (bytes[at] === QUOTE && startsWith(bytes, at, TIME)) return at;
  }
  return -1;
}

/** The code of `u00xx` below 0x80 at `at`; -1 for another escape. */
function latinEscape(bytes: Uint8Array, at: number): number {
  const isLatin = bytes[at] === 0x75 && bytes[at + 1] === 0x30 && bytes[at + 2] === 0x30;
  if (!isLatin) return -1;
  const code = Number.parseInt(latin(bytes, at + 3, at + 5), 16);
  return code < 0x80 ? code : -1;
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

const latin = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));
