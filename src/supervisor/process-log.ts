import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { realtime } from "../linux/clock.ts";
import { writeAt } from "../linux/descriptor.ts";
import { struct } from "../linux/libc.ts";
import {
  type LogConfiguration,
  type LogPosition,
  type LogStream,
  type LogWriter,
  loggingFailure,
  openLogWriter,
} from "../logs/index.ts";

/** How far a log has come: stored after each write, so that a killed supervisor's successor goes on there. */
interface LogProgress {
  /** Bytes of each stream that are in the log. */
  consumed: { 1: number; 2: number };
  position: LogPosition;
}

const PROGRESS_SIZE = 32;

/** A process's log together with its progress, which counts the bytes taken from each stream. */
export class ProcessLog {
  readonly consumed: { 1: number; 2: number };
  readonly #writer: LogWriter;
  readonly #progress = struct(PROGRESS_SIZE);
  readonly #path: string;
  /** Made with the first write. */
  #fd = -1;
  #closed = false;

  private constructor(writer: LogWriter, path: string, consumed: { 1: number; 2: number }) {
    this.#writer = writer;
    this.consumed = consumed;
    this.#path = path;
  }

  /** Undefined where nothing is logged. `directory` is the process's; with `resume` the log goes on. */
  static open(
    directory: string,
    configuration: LogConfiguration | undefined,
    resume: boolean,
  ): ProcessLog | undefined {
    if (configuration === undefined) return undefined;
    const path = join(directory, "log-progress");
    const progress = resume ? readProgress(path) : undefined;
    const writer = openLogWriter(configuration, progress?.position);
    if (writer === undefined) return undefined;
    return new ProcessLog(writer, path, progress?.consumed ?? { 1: 0, 2: 0 });
  }

  write(stream: LogStream, bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#fd < 0) {
      this.#fd = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      // Where the log stood before: a kill in the middle of the first write must not double it.
      this.#store();
    }
    this.#writer.write(stream, bytes, realtime());
    this.consumed[stream] += bytes.length;
    this.#store();
  }

  /** Resolves when the log can be written; rejects with Docker's words where it cannot. */
  async opened(): Promise<void> {
    try {
      await this.#writer.opened();
    } catch (error) {
      throw loggingFailure(error);
    }
  }

  /** Resolves when more may be written; undefined while that is at once. */
  ready(): Promise<void> | undefined {
    return this.#closed ? undefined : this.#writer.ready();
  }

  /** The end of the log: followers end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer.close();
    if (this.#fd >= 0) closeSync(this.#fd);
  }

  #store(): void {
    const { view, bytes } = this.#progress;
    const { file, offset } = this.#writer.position();
    [this.consumed[1], this.consumed[2], file, offset].forEach((value, index) => {
      view.setFloat64(8 * index, value, true);
    });
    // So few bytes are written at once: a kill leaves the old ones or the new ones.
    writeAt(this.#fd, bytes, PROGRESS_SIZE, 0);
  }
}

function readProgress(path: string): LogProgress | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length < PROGRESS_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    consumed: { 1: view.getFloat64(0, true), 2: view.getFloat64(8, true) },
    position: { file: view.getFloat64(16, true), offset: view.getFloat64(24, true) },
  };
}
