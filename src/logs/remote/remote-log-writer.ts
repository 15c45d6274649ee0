import type { LogPosition, LogStream, LogWriter } from "../log-writer.ts";
import { type LinePiece, linePieces } from "./line-pieces.ts";
import type { LogTransport } from "./log-transport.ts";

/** One message from one piece of a line; undefined for what is not sent. */
export type MessageFormatter = (
  stream: LogStream,
  piece: LinePiece,
  time: bigint,
) => Uint8Array | undefined;

export interface RemoteLogOptions {
  /** Drop rather than hold the container when that many bytes wait; undefined: hold it. */
  dropAbove: number | undefined;
}

/** Bytes that may wait before the container is held. */
const HOLD_ABOVE = 1024 * 1024;

/** Sends each line elsewhere, and keeps a local copy to read unless that is disabled. */
export class RemoteLogWriter implements LogWriter {
  readonly #transport: LogTransport;
  readonly #format: MessageFormatter;
  readonly #cache: LogWriter | undefined;
  readonly #options: RemoteLogOptions;

  constructor(
    transport: LogTransport,
    format: MessageFormatter,
    cache: LogWriter | undefined,
    options: RemoteLogOptions,
  ) {
    this.#transport = transport;
    this.#format = format;
    this.#cache = cache;
    this.#options = options;
  }

  write(stream: LogStream, bytes: Uint8Array, time: bigint): void {
    this.#cache?.write(stream, bytes, time);
    const { dropAbove } = this.#options;
    for (const piece of linePieces(bytes)) {
      if (dropAbove !== undefined && this.#transport.queued > dropAbove) break;
      const message = this.#format(stream, piece, time);
      if (message !== undefined) this.#transport.send(message);
    }
  }

  position(): LogPosition {
    return this.#cache?.position() ?? { file: 0, offset: 0 };
  }

  opened(): Promise<void> {
    return this.#transport.opened();
  }

  ready(): Promise<void> | undefined {
    const mayHold = this.#options.dropAbove === undefined;
    return mayHold && this.#transport.queued > HOLD_ABOVE ? this.#transport.drained() : undefined;
  }

  close(): void {
    this.#transport.close();
    this.#cache?.close();
  }
}
