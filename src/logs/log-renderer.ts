import type { RecordSink } from "./log-format.ts";
import { LogTimeFormatter } from "./log-time.ts";
import type { LogStream } from "./log-writer.ts";

const NEWLINE = 0x0a;
const FRAME_HEADER = 8;
/** Frames of one stream are joined up to this size. */
const MAX_FRAME = 64 * 1024;
const INITIAL_CAPACITY = 64 * 1024;

export interface RenderOptions {
  since?: bigint | undefined;
  until?: bigint | undefined;
  stdout: boolean;
  stderr: boolean;
  timestamps: boolean;
  details: boolean;
  tty: boolean;
}

/** Turns records into the bytes of Docker's answer. Take them in between, and always before they grow. */
export class LogRenderer implements RecordSink {
  readonly needsTime: boolean;
  /** Lines to leave out from here on. */
  skip = 0;
  readonly #options: RenderOptions;
  readonly #prefixed: boolean;
  readonly #times = new LogTimeFormatter();
  readonly #midLine: [boolean, boolean, boolean] = [false, false, false];
  #details = " ";
  #output = new Uint8Array(new ArrayBuffer(INITIAL_CAPACITY));
  #length = 0;
  /** Where the frame begins that can still grow; negative for none. */
  #frame = -1;
  #frameStream = 0;

  constructor(options: RenderOptions) {
    this.#options = options;
    this.#prefixed = options.timestamps || options.details;
    this.needsTime =
      options.timestamps || options.since !== undefined || options.until !== undefined;
  }

  /** What has been rendered since the last call; undefined if nothing. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    this.#endFrame();
    const taken = this.#output.subarray(0, this.#length);
    this.#output = new Uint8Array(new ArrayBuffer(Math.max(this.#length, INITIAL_CAPACITY)));
    this.#length = 0;
    return taken;
  }

  attributes(attributes: Readonly<Record<string, string>>): void {
    this.#details = `${detailsText(attributes)} `;
  }

  record(
    stream: LogStream,
    time: bigint,
    bytes: Uint8Array,
    from: number,
    to: number,
    lines: number,
  ): boolean {
    const { since, until } = this.#options;
    if (until !== undefined && time > until) return false;
    const start = this.skip === 0 ? from : this.#skipLines(bytes, from, to, lines);
    if (since !== undefined && time < since) return true;
    if (start >= to || !(stream === 1 ? this.#options.stdout : this.#options.stderr)) return true;
    if (this.#prefixed) this.#appendLines(stream, time, bytes, start, to);
    else this.#append(stream, bytes, start, to);
    return true;
  }

  #skipLines(bytes: Uint8Array, from: number, to: number, lines: number): number {
    if (lines <= this.skip) {
      this.skip -= lines;
      // A last piece without a newline was counted as a line only at the very end of a log.
      return to;
    }
    let start = from;
    for (; this.skip > 0; this.skip--) start = bytes.indexOf(NEWLINE, start) + 1;
    return start;
  }

  #appendLines(stream: LogStream, time: bigint, bytes: Uint8Array, from: number, to: number): void {
    const { timestamps, details } = this.#options;
    const text = `${timestamps ? `${this.#times.fixed(time)} ` : ""}${details ? this.#details : ""}`;
    const prefix = new TextEncoder().encode(text);
    for (let start = from; start < to; ) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 || newline >= to ? to : newline + 1;
      if (!this.#midLine[stream]) this.#append(stream, prefix, 0, prefix.length);
      this.#append(stream, bytes, start, end);
      this.#midLine[stream] = bytes[end - 1] !== NEWLINE;
      start = end;
    }
  }

  #append(stream: LogStream, bytes: Uint8Array, from: number, to: number): void {
    const size = to - from;
    this.#reserve(size + FRAME_HEADER);
    const fits =
      this.#frameStream === stream && this.#length - this.#frame + size <= MAX_FRAME + FRAME_HEADER;
    if (!this.#options.tty && (this.#frame < 0 || !fits)) this.#beginFrame(stream);
    const output = this.#output;
    if (size < 64) {
      // For few bytes a loop is faster than a view and a call.
      for (let index = from, at = this.#length; index < to; index++, at++) {
        output[at] = bytes[index] ?? 0;
      }
    } else {
      output.set(
        from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to),
        this.#length,
      );
    }
    this.#length += size;
  }

  #beginFrame(stream: LogStream): void {
    this.#endFrame();
    this.#frame = this.#length;
    this.#frameStream = stream;
    this.#output.fill(0, this.#length, this.#length + FRAME_HEADER);
    this.#output[this.#length] = stream;
    this.#length += FRAME_HEADER;
  }

  #endFrame(): void {
    if (this.#frame < 0) return;
    const size = this.#length - this.#frame - FRAME_HEADER;
    new DataView(this.#output.buffer).setUint32(this.#frame + 4, size);
    this.#frame = -1;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#output.length) return;
    const grown = new Uint8Array(new ArrayBuffer(Math.max(2 * this.#output.length, needed)));
    grown.set(this.#output.subarray(0, this.#length));
    this.#output = grown;
  }
}

/** `a=b,c=d`, sorted by name, each part escaped as in a query string: Docker's `--details`. */
function detailsText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`)
    .join(",");
}

const queryEscape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
