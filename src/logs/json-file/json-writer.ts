import { readAt } from "../../linux/descriptor.ts";
import { droppedNote } from "../dropped-note.ts";
import { LogFile, type LogFileLimits } from "../log-file.ts";
import { RenamedSeries } from "../log-series.ts";
import { LogTimeFormatter } from "../log-time.ts";
import type { LogPosition, LogStream, LogWriter } from "../log-writer.ts";
import { JsonRecordEncoder } from "./json-record.ts";

const NEWLINE = 0x0a;

/** Writes Docker's json-file format, byte for byte. */
export class JsonLogWriter implements LogWriter {
  readonly #file: LogFile;
  readonly #encoder: JsonRecordEncoder;
  readonly #times = new LogTimeFormatter();

  /** `base` is the path of the newest file; `attributes` stand in each record as `attrs`. */
  constructor(
    base: string,
    limits: LogFileLimits,
    attributes: Readonly<Record<string, string>>,
    resume?: LogPosition,
  ) {
    this.#file = new LogFile(new RenamedSeries(base), limits);
    this.#file.open(resume, endOfLines);
    this.#encoder = new JsonRecordEncoder(attributesText(attributes));
  }

  write(stream: LogStream, bytes: Uint8Array, time: bigint): void {
    if (bytes.length === 0) return;
    this.#file.rotateIfFull();
    const text = this.#times.short(time);
    this.#file.writeWithNote(
      (dropped) => this.#append(2, droppedNote(dropped), text),
      () => this.#append(stream, bytes, text),
    );
  }

  #append(stream: LogStream, bytes: Uint8Array, time: string): boolean {
    const encoded = this.#encoder.encode(stream, bytes, time);
    return this.#file.append(encoded.bytes, encoded.length, () => countNewlines(bytes));
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
}

/** Keys sorted and signs escaped as Go's encoder does it. */
function attributesText(attributes: Readonly<Record<string, string>>): string {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return "";
  const sorted = Object.fromEntries(names.map((name) => [name, attributes[name]]));
  return JSON.stringify(sorted).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function countNewlines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return Math.max(lines, 1);
}

/** Where the last whole line ends in a file whose writer may have been killed. */
function endOfLines(fd: number, size: number): number {
  const chunk = new Uint8Array(new ArrayBuffer(64 * 1024));
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunk.length);
    const length = readAt(fd, chunk, end - start, start);
    const newline = chunk.lastIndexOf(NEWLINE, length - 1);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
