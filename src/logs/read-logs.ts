import { basename } from "node:path";
import { DirectoryWatcher } from "../linux/inotify.ts";
import { EngineError } from "../spec/index.ts";
import { findStart } from "./find-start.ts";
import { followLog } from "./follow-log.ts";
import { JsonLogFormat } from "./json-file/json-format.ts";
import { LocalLogFormat } from "./local/local-format.ts";
import type { LogDriver } from "./log-configuration.ts";
import type { LogFormat } from "./log-format.ts";
import { cacheLimits } from "./log-options.ts";
import { LogRenderer } from "./log-renderer.ts";
import { openSnapshot } from "./log-snapshot.ts";
import { jsonLogPath } from "./open-log-writer.ts";
import { readFile } from "./read-file.ts";

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

// One for the process: the system allows only few inotify instances.
const watcher = new DirectoryWatcher();

/**
 * A container's log as the body of Docker's `logs` answer: multiplexed frames, or raw bytes for a tty.
 * Constant memory; `tail` reads backwards and `since` seeks. Ends at the log's end, or, following, when
 * the container's log is closed; a rotation in between is passed over. An abort ends it too, without an
 * error. A driver without anything to read (`none`, or a cache that is disabled) throws `not-implemented`
 * with Docker's message, at the first `next`.
 */
export async function* readLogs(
  directory: string,
  log: { driver: LogDriver; options: Record<string, string> },
  options: LogReadOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const format = openFormat(directory, log);
  const renderer = new LogRenderer(options);
  const files = openSnapshot(format.series);
  try {
    const start = await findStart(format, files, options);
    renderer.skip = start.skip;
    const first = files[start.file];
    if (options.details && first !== undefined && start.offset > 0) {
      format.readAttributes(await first.open(), renderer);
    }
    let end: number | undefined = start.offset;
    for (const [index, file] of files.entries()) {
      if (index < start.file) continue;
      const offset: number = index === start.file ? start.offset : 0;
      end = yield* readFile(format, await file.open(), offset, renderer, signal);
      if (end === undefined) return;
    }
    if (options.follow) yield* followLog(format, watcher, files, end, renderer, signal);
  } finally {
    for (const file of files) file.close();
  }
}

function openFormat(
  directory: string,
  log: { driver: LogDriver; options: Record<string, string> },
): LogFormat {
  if (log.driver === "json-file")
    return new JsonLogFormat(jsonLogPath(directory, basename(directory)));
  const readable = log.driver === "local" || (log.driver !== "none" && hasCache(log.options));
  if (readable) return new LocalLogFormat(directory);
  throw new EngineError("not-implemented", "configured logging driver does not support reading");
}

const hasCache = (options: Record<string, string>): boolean => cacheLimits(options) !== undefined;
