import { readAt } from "../../linux/descriptor.ts";
import type { LogFormat, RecordSink, TailStart } from "../log-format.ts";
import { type LogSeries, RenamedSeries } from "../log-series.ts";
import { JsonLineDecoder, timeOfLine } from "./json-decoder.ts";

const NEWLINE = 0x0a;
const CHUNK = 64 * 1024;
/** More than the longest record: 16 KiB, each byte escaped, with its attributes. */
const WINDOW = 512 * 1024;

/** Reads Docker's json-file format, also what Docker itself has written. */
export class JsonLogFormat implements LogFormat {
  readonly series: LogSeries;
  readonly #decoder = new JsonLineDecoder();

  /** `base` is the path of the newest file. */
  constructor(base: string) {
    this.series = new RenamedSeries(base);
  }

  firstTime(fd: number, size: number): bigint | undefined {
    return recordAfter(fd, 0, size, true)?.time;
  }

  seek(fd: number, size: number, since: bigint): number {
    let low = 0;
    let high = size;
    let start = 0;
    while (high - low > CHUNK) {
      const middle = Math.floor((low + high) / 2);
      const record = recordAfter(fd, middle, size, false);
      if (record === undefined || record.time >= since) high = middle;
      else {
        low = middle;
        start = record.offset;
      }
    }
    return start;
  }

  tail(fd: number, size: number, lines: number): TailStart {
    const chunk = new Uint8Array(new ArrayBuffer(CHUNK));
    let newlines = 0;
    if (lines === 0) return { offset: size, skip: 0, found: 0 };
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - CHUNK);
      const length = readAt(fd, chunk, end - start, start);
      for (let at = length - 1; at >= 0; at--) {
        // The first newline from behind ends the last record; what stands after it is broken.
        if (chunk[at] !== NEWLINE || newlines++ < lines) continue;
        return { offset: start + at + 1, skip: 0, found: lines };
      }
      end = start;
    }
    return { offset: 0, skip: 0, found: newlines };
  }

  /** Each record has its own. */
  readAttributes(): void {}

  decode(bytes: Uint8Array, length: number, _offset: number, sink: RecordSink): number | undefined {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      if (end < 0 || end >= length) break;
      if (end > start && !this.#decoder.decode(bytes, start, end, sink)) return undefined;
      start = end + 1;
    }
    // No record is that long: what fills a whole window without an end is not one.
    return start === 0 && length >= WINDOW ? length : start;
  }
}

/** The first record that begins at or (unless `exact`) behind an offset, and its time. */
function recordAfter(
  fd: number,
  from: number,
  size: number,
  exact: boolean,
): { offset: number; time: bigint } | undefined {
  const window = new Uint8Array(new ArrayBuffer(Math.min(WINDOW, size - from)));
  const length = readAt(fd, window, window.length, from);
  let start = exact ? 0 : window.indexOf(NEWLINE) + 1;
  if (!exact && start === 0) return undefined;
  while (start < length) {
    const end = window.indexOf(NEWLINE, start);
    if (end < 0) return undefined;
    const time = timeOfLine(window, start, end);
    if (time !== undefined) return { offset: from + start, time };
    start = end + 1;
  }
  return undefined;
}
