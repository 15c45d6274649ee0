import { expect, test } from "bun:test";
import { JsonLineDecoder } from "./json-file/json-decoder.ts";
import { JsonRecordEncoder } from "./json-file/json-record.ts";
import { BLOCK_SIZE, encodeHeader, HEADER_SIZE, RecordCursor } from "./local/record.ts";
import type { RecordSink } from "./log-format.ts";
import { linePieces } from "./remote/line-pieces.ts";

/** xorshift32: the same bytes in each run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function collect(): { sink: RecordSink; text: () => Buffer; streams: number[] } {
  const pieces: Uint8Array[] = [];
  const streams: number[] = [];
  const sink: RecordSink = {
    needsTime: true,
    record(stream, time, bytes, from, to) {
      expect(time).toBe(1_780_000_000_123_000_000n);
      pieces.push(bytes.slice(from, to));
      streams.push(stream);
      return true;
    },
    attributes() {},
  };
  return { sink, text: () => Buffer.concat(pieces), streams };
}

/** Bytes with everything that matters to a JSON encoder, valid UTF-8 or not. */
function interestingBytes(random: (below: number) => number, isText: boolean): Uint8Array {
  const signs = [
    "a",
    "\\",
    '"',
    "\n",
    "\r",
    "<",
    "&",
    "\x00",
    "\x1f",
    "\x7f",
    "é",
    "\u2028",
    "€",
    "𝄞",
  ];
  const parts = Array.from({ length: random(60) }, () =>
    isText || random(3) > 0
      ? Buffer.from(signs[random(signs.length)] ?? "")
      : Buffer.of(random(256), random(256)),
  );
  return Buffer.concat(parts);
}

test("json-file: what is encoded is JSON, means what was written, and is decoded to it", () => {
  const random = generator(1);
  const encoder = new JsonRecordEncoder('{"a":"}\\",\\"time\\":\\"x"}');
  for (let round = 0; round < 3000; round++) {
    const isText = round % 2 === 0;
    const bytes = interestingBytes(random, isText);
    const { bytes: encoded, length } = encoder.encode(2, bytes, "2026-05-28T20:26:40.123Z");
    const lines = new TextDecoder().decode(encoded.subarray(0, length)).split("\n").slice(0, -1);
    const meant = lines.map((line) => (JSON.parse(line) as { log: string }).log).join("");
    const expected = [...linesOf(bytes)].map((line) => new TextDecoder().decode(line)).join("");
    if (isText) expect(meant).toBe(expected);
    const { sink, text, streams } = collect();
    const decoder = new JsonLineDecoder();
    for (const line of lines) {
      const buffer = Buffer.from(line);
      expect(decoder.decode(buffer, 0, buffer.length, sink)).toBe(true);
    }
    expect(text().toString()).toBe(meant);
    expect(streams.every((stream) => stream === 2)).toBe(true);
  }
});

function* linesOf(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}

test("json-file: the decoder takes any bytes, and agrees with JSON.parse where they are JSON", () => {
  const random = generator(2);
  const line =
    '{"log":"a\\u0041\\n","stream":"stdout","attrs":{"k":"v"},"time":"2026-05-28T20:26:40.123Z"}';
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(line);
    for (let change = random(4); change > 0; change--) bytes[random(bytes.length)] = random(256);
    const seen: string[] = [];
    const sink: RecordSink = {
      needsTime: true,
      record(_stream, _time, from, start, end) {
        seen.push(Buffer.from(from.subarray(start, end)).toString());
        return true;
      },
      attributes() {},
    };
    new JsonLineDecoder().decode(bytes, 0, bytes.length, sink);
    let parsed: { log?: unknown; time?: unknown } | undefined;
    try {
      parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as object;
    } catch {
      continue;
    }
    if (typeof parsed.log === "string" && seen[0] !== undefined) expect(seen).toEqual([parsed.log]);
  }
});

test("local: the cursor stays within the block, whatever it holds", () => {
  const random = generator(3);
  const block = new Uint8Array(new ArrayBuffer(BLOCK_SIZE));
  for (let round = 0; round < 300; round++) {
    for (let index = 0; index < BLOCK_SIZE; index++)
      block[index] = round % 3 === 0 ? 0 : random(256);
    let at = 0;
    while (at < BLOCK_SIZE - 100 && random(50) > 0) {
      const length = random(Math.min(3000, BLOCK_SIZE - at - HEADER_SIZE));
      encodeHeader(block, at, { kind: 1, continues: false, length, lines: 0, time: 5n });
      at += HEADER_SIZE + length;
    }
    if (random(2) === 0) block[random(BLOCK_SIZE)] = random(256);
    const end = random(BLOCK_SIZE + 1);
    const cursor = new RecordCursor(block, 0, end);
    for (let last = 0; cursor.next(); last = cursor.to) {
      expect(cursor.from).toBe(last + HEADER_SIZE);
      expect(cursor.to).toBeGreaterThanOrEqual(cursor.from);
      expect(cursor.to).toBeLessThanOrEqual(end);
    }
  }
});

test("local: one changed byte of a header is noticed", () => {
  const block = new Uint8Array(new ArrayBuffer(BLOCK_SIZE));
  encodeHeader(block, 0, { kind: 2, continues: true, length: 3, lines: 1, time: 99n });
  expect(new RecordCursor(block, 0, 100).next()).toBe(true);
  for (let index = 0; index < HEADER_SIZE; index++) {
    for (const change of [1, 0x40, 0xff]) {
      block[index] = (block[index] ?? 0) ^ change;
      expect(new RecordCursor(block, 0, 100).next()).toBe(false);
      block[index] = (block[index] ?? 0) ^ change;
    }
  }
});

test("linePieces() loses nothing", () => {
  const random = generator(4);
  for (let round = 0; round < 200; round++) {
    const bytes = new Uint8Array(random(60_000)).map(() => (random(9000) === 0 ? 10 : 97));
    const pieces = [...linePieces(bytes)];
    const joined = pieces.map(({ text, isPartial }) =>
      Buffer.concat([text, Buffer.from(isPartial ? "" : "\n")]),
    );
    expect(Buffer.concat(joined).equals(bytes)).toBe(true);
    expect(pieces.every(({ text }) => text.length <= 16_384)).toBe(true);
  }
});
