/** 1 = stdout, 2 = stderr: the numbers of Docker's stream multiplexing. */
export type LogStream = 1 | 2;

/** Where a log ends: names the file (a sequence number or an inode) and a byte offset in it. */
export interface LogPosition {
  file: number;
  offset: number;
}

/**
 * One container's log, written by one process. Synchronous: what `write` has returned from is in the page
 * cache, and survives the death of the writer.
 */
export interface LogWriter {
  /**
   * Appends what one read brought: whole lines, or a piece of a line without its newline (a line over
   * 16 KiB, or the last before the end). `bytes` may be reused after the call. Never throws for a full
   * disk: it drops, counts, and leaves a note once there is room again.
   */
  write(stream: LogStream, bytes: Uint8Array, time: bigint): void;
  /** The end, after the last `write`. */
  position(): LogPosition;
  /** Resolves when the log can be written; rejects where it cannot. Undefined: at once. */
  opened(): Promise<void> | undefined;
  /** Resolves when more may be written; undefined while that is at once (a driver that sends elsewhere). */
  ready(): Promise<void> | undefined;
  /** Tells followers that nothing more comes. */
  close(): void;
}

/** Docker's bound for one piece of a line (its copier's buffer). */
export const MAX_LINE_PIECE = 16 * 1024;
