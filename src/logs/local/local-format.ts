import { readAt } from "../../linux/descriptor.ts";
import type { LogFormat, RecordSink, TailStart } from "../log-format.ts";
import { type LogSeries, NumberedSeries } from "../log-series.ts";
import { lastBlockStart } from "./local-writer.ts";
import { BLOCK_SIZE, RecordCursor } from "./record.ts";

const NEWLINE = 0x0a;

/** Reads the `local` format: see record.ts. */
export class LocalLogFormat implements LogFormat {
  readonly series: LogSeries;
  readonly #block = new Uint8Array(new ArrayBuffer(BLOCK_SIZE));

  constructor(containerDirectory: string) {
    this.series = new NumberedSeries(containerDirectory);
  }

  firstTime(fd: number, size: number): bigint | undefined {
    return this.#timeOfBlock(fd, 0, size);
  }

  seek(fd: number, size: number, since: bigint): number {
    // The last block that begins before `since` may hold the first record that is wanted.
    let low = 0;
    let high = Math.ceil(size / BLOCK_SIZE) - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const time = this.#timeOfBlock(fd, middle * BLOCK_SIZE, size);
      if (time !== undefined && time < since) low = middle;
      else high = middle - 1;
    }
    return low * BLOCK_SIZE;
  }

  tail(fd: number, size: number, lines: number): TailStart {
    let found = 0;
    let offset = lastBlockStart(size);
    if (offset < 0 || lines === 0) return { offset: size, skip: 0, found: 0 };
    const last = offset;
    for (; offset >= 0; offset -= BLOCK_SIZE) {
      const block = this.#countBlock(fd, offset, offset === last);
      found += block.lines;
      // A first record that continues a line needs the block before for the line's beginning.
      if (found > lines || (found === lines && !block.continues)) break;
    }
    return { offset: Math.max(offset, 0), skip: Math.max(found - lines, 0), found };
  }

  readAttributes(fd: number, sink: RecordSink): void {
    const length = readAt(fd, this.#block, BLOCK_SIZE, 0);
    const cursor = new RecordCursor(this.#block, 0, length);
    if (cursor.next() && cursor.kind === 0) {
      this.#attributes(this.#block.subarray(cursor.from, cursor.to), sink);
    }
  }

  decode(bytes: Uint8Array, length: number, offset: number, sink: RecordSink): number | undefined {
    const cursor = new RecordCursor(bytes, 0, 0);
    let blockEnd = BLOCK_SIZE - (offset % BLOCK_SIZE);
    cursor.move(0, Math.min(blockEnd, length));
    for (;;) {
      while (cursor.next()) {
        if (cursor.kind === 0) {
          this.#attributes(bytes.subarray(cursor.from, cursor.to), sink);
          continue;
        }
        const time = sink.needsTime ? cursor.time() : 0n;
        if (!sink.record(cursor.kind, time, bytes, cursor.from, cursor.to, cursor.lines)) {
          return undefined;
        }
      }
      // The rest of a block that is not at the end of what is there holds nothing more.
      if (blockEnd > length) return cursor.to;
      cursor.move(blockEnd, Math.min(blockEnd + BLOCK_SIZE, length));
      blockEnd += BLOCK_SIZE;
    }
  }

  #attributes(payload: Uint8Array, sink: RecordSink): void {
    try {
      sink.attributes(JSON.parse(new TextDecoder().decode(payload)));
    } catch {
      // A damaged record of attributes costs the attributes, not the log.
    }
  }

  #timeOfBlock(fd: number, offset: number, size: number): bigint | undefined {
    const length = readAt(fd, this.#block, Math.min(BLOCK_SIZE, size - offset), offset);
    const cursor = new RecordCursor(this.#block, 0, length);
    while (cursor.next()) {
      if (cursor.kind !== 0) return cursor.time();
    }
    return undefined;
  }

  /** Counts lines; at the log's end, what a stream has not yet ended with a newline is a line too. */
  #countBlock(fd: number, offset: number, isLast: boolean): { lines: number; continues: boolean } {
    const length = readAt(fd, this.#block, BLOCK_SIZE, offset);
    const cursor = new RecordCursor(this.#block, 0, length);
    const open = [false, false, false];
    let lines = 0;
    let first: boolean | undefined;
    while (cursor.next()) {
      if (cursor.kind === 0) continue;
      first ??= cursor.continues;
      lines += cursor.lines;
      open[cursor.kind] = this.#block[cursor.to - 1] !== NEWLINE;
    }
    if (isLast) lines += open.filter(Boolean).length;
    return { lines, continues: first ?? false };
  }
}
