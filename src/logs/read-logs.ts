import { EngineError } from "../spec/index.ts";
import type { LogDriver } from "./log-configuration.ts";

export interface LogReadOptions {
  /** Lines from the end; absent = all. */
  tail?: number;
  /** Nanoseconds since the epoch, inclusive. */
  since?: bigint;
  /** Nanoseconds since the epoch, inclusive. */
  until?: bigint;
  /** Go on until the log is closed (the container's exit) or `signal` aborts. */
  follow: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Prefix each line with its time, RFC 3339 with nine digits. */
  timestamps: boolean;
  /** Prefix each line with the attributes given by the `labels` and `env` log options. */
  details: boolean;
  /** The container has a tty: raw bytes instead of Docker's frames. */
  tty: boolean;
}

/**
 * A container's log as the body of Docker's `logs` answer: multiplexed frames, or raw bytes for a tty.
 * Constant memory; `tail` reads backwards and `since` seeks. Ends at the log's end, or, following, when
 * the container's log is closed; a rotation in between is passed over. A driver without anything to read
 * (`none`, or a cache that is disabled) throws `failed-precondition` with Docker's message.
 */
export async function* readLogs(
  directory: string,
  log: { driver: LogDriver; options: Record<string, string> },
  options: LogReadOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  yield new Uint8Array();
  throw new EngineError(
    "not-implemented",
    `Cannot read the log "${directory}" of ${log.driver} (follow ${options.follow}): not there yet`,
  );
}
