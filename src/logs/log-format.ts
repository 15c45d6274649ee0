import type { LogSeries } from "./log-series.ts";
import type { LogStream } from "./log-writer.ts";

/** What decoding yields. */
export interface RecordSink {
  /** False: `time` may be given as 0n, it is not looked at. */
  readonly needsTime: boolean;
  /** Lines, or a piece of one, in `bytes[from … to)`, valid during the call. False: nothing more is wanted. */
  record(
    stream: LogStream,
    time: bigint,
    bytes: Uint8Array,
    from: number,
    to: number,
    lines: number,
  ): boolean;
  /** `labels` and `env` of the records that follow. */
  attributes(attributes: Readonly<Record<string, string>>): void;
}

/** Where a tail begins: skip that many lines from the offset on. */
export interface TailStart {
  offset: number;
  skip: number;
  /** Lines found; less than asked for when the file has no more. */
  found: number;
}

/** How a driver's files are read. Offsets are those of record boundaries. */
export interface LogFormat {
  readonly series: LogSeries;
  /** The time of the first record; undefined for an empty file. */
  firstTime(fd: number, size: number): bigint | undefined;
  /** From where to read so as not to miss a record that is not older than `since`. */
  seek(fd: number, size: number, since: bigint): number;
  tail(fd: number, size: number, lines: number): TailStart;
  /** Gives the sink the attributes of a file that is not read from its beginning. */
  readAttributes(fd: number, sink: RecordSink): void;
  /**
   * Decodes what was read from `offset` on. Returns the number of bytes that are done with, which ends at
   * a record boundary; undefined when the sink wants no more.
   */
  decode(bytes: Uint8Array, length: number, offset: number, sink: RecordSink): number | undefined;
}
