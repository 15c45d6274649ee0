import { readAt } from "../../linux/descriptor.ts";
import { droppedNote } from "../dropped-note.ts";
import { LogFile, type LogFileLimits } from "../log-file.ts";
import { NumberedSeries, sequenceOf } from "../log-series.ts";
import type { LogPosition, LogStream, LogWriter } from "../log-writer.ts";
import {
  BLOCK_SIZE,
  countLines,
  encodeHeader,
  HEADER_SIZE,
  MAX_PAYLOAD,
  RecordCursor,
} from "./record.ts";

const NEWLINE = 0x0a;

/** Shared by all writers: each use ends before the next begins. */
let scratch = new Uint8Array(new ArrayBuffer(4 * BLOCK_SIZE));

function reserve(size: number): Uint8Array {
  if (scratch.length < size) scratch = new Uint8Array(new ArrayBuffer(size));
  return scratch;
}

/** Writes the `local` format: see record.ts. */
export class LocalLogWriter implements LogWriter {
  readonly #file: LogFile;
  readonly #attributes: Uint8Array;
  /** By stream: does the last record end in the middle of a line? */
  readonly #midLine: [boolean, boolean, boolean] = [false, false, false];

  /** `attributes` are kept in each file for `--details`. */
  constructor(
    containerDirectory: string,
    limits: LogFileLimits,
    attributes: Readonly<Record<string, string>>,
    resume?: LogPosition,
  ) {
    const series = new NumberedSeries(containerDirectory);
    this.#file = new LogFile(series, limits, (path) => sequenceOf(path));
    this.#file.open(resume, endOfRecords);
    const encoded = new TextEncoder().encode(JSON.stringify(attributes));
    this.#attributes =
      encoded.length > 2 && encoded.length <= MAX_PAYLOAD ? encoded : new Uint8Array();
    if (this.#file.offset > 0) this.#recallMidLine();
  }

  write(stream: LogStream, bytes: Uint8Array, time: bigint): void {
    if (bytes.length === 0) return;
    this.#file.rotateIfFull();
    if (this.#file.offset === 0) this.#writeAttributes();
    this.#file.writeWithNote(
      (dropped) => this.#append(2, droppedNote(dropped), time),
      () => this.#append(stream, bytes, time),
    );
  }

  position(): LogPosition {
    return this.#file.position();
  }

  opened(): undefined {
    return undefined;
  }

  ready(): undefined {
    return undefined;
  }

  close(): void {
    this.#file.close();
  }

  /** Resolves when no rotated file is being compressed. */
  settled(): Promise<void> {
    return this.#file.settled();
  }

  #recallMidLine(): void {
    const start = lastBlockStart(this.#file.offset);
    const length = this.#file.read(scratch, BLOCK_SIZE, start);
    const cursor = new RecordCursor(scratch, 0, length);
    while (cursor.next()) this.#midLine[cursor.kind] = scratch[cursor.to - 1] !== NEWLINE;
    this.#midLine[0] = false;
  }

  #writeAttributes(): void {
    if (this.#attributes.length > 0) this.#append(0, this.#attributes, 0n);
  }

  #append(kind: 0 | LogStream, bytes: Uint8Array, time: bigint): boolean {
    const start = this.#file.offset;
    // Each block that is touched adds at most a header and the space left before it.
    const buffer = reserve(2 * bytes.length + 2 * BLOCK_SIZE);
    let at = 0;
    let done = 0;
    let lines = 0;
    while (done < bytes.length) {
      const room = BLOCK_SIZE - ((start + at) % BLOCK_SIZE);
      const length = pieceLength(bytes, done, room - HEADER_SIZE);
      if (length === 0) {
        buffer.fill(0, at, at + room);
        at += room;
        continue;
      }
      const newlines = kind === 0 ? 0 : countLines(bytes, done, done + length);
      const continues = this.#midLine[kind];
      encodeHeader(buffer, at, { kind, continues, length, lines: newlines, time });
      buffer.set(bytes.subarray(done, done + length), at + HEADER_SIZE);
      at += HEADER_SIZE + length;
      done += length;
      lines += newlines;
      if (kind !== 0) this.#midLine[kind] = bytes[done - 1] !== NEWLINE;
    }
    return this.#file.append(buffer, at, () => (kind === 0 ? 0 : Math.max(lines, 1)));
  }
}

/**
 * How much of `bytes[from …]` goes into a block with that much room: all, or whole lines, or a piece of a
 * line that does not fit into half of a block; 0 to begin a new block.
 */
function pieceLength(bytes: Uint8Array, from: number, room: number): number {
  if (room <= 0) return 0;
  const rest = bytes.length - from;
  if (rest <= room) return rest;
  const newline = bytes.lastIndexOf(NEWLINE, from + room - 1);
  if (newline >= from) return newline + 1 - from;
  return room < BLOCK_SIZE / 2 ? 0 : room;
}

/** Where whole records end in a file whose writer may have been killed. */
function endOfRecords(fd: number, size: number): number {
  const block = new Uint8Array(new ArrayBuffer(BLOCK_SIZE));
  for (let start = lastBlockStart(size); start >= 0; start -= BLOCK_SIZE) {
    const length = readAt(fd, block, BLOCK_SIZE, start);
    const cursor = new RecordCursor(block, 0, length);
    if (!cursor.next()) continue;
    while (cursor.next());
    return start + cursor.to;
  }
  return 0;
}

/** Where the block begins that holds the last byte of a file; negative for an empty file. */
export function lastBlockStart(size: number): number {
  return size === 0 ? -BLOCK_SIZE : Math.floor((size - 1) / BLOCK_SIZE) * BLOCK_SIZE;
}
