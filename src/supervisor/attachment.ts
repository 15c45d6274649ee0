import type { LogStream } from "../logs/index.ts";
import type { ConnectionHandlers, SocketConnection } from "./socket-connection.ts";
import type { AttachOptions } from "./supervisor.ts";

/** What an attachment is attached to. */
export interface AttachedTo {
  /** Bytes are valid during the call only. */
  takeInput(from: Attachment, bytes: Uint8Array): void;
  /** The client sends no more. */
  endInput(from: Attachment): void;
  /** The client is gone. */
  leave(attachment: Attachment): void;
  /** The client has read most of what was queued. */
  drained(): void;
}

/** A client's connection to a process's stdio; it may be there before the process. */
export class Attachment implements ConnectionHandlers {
  readonly connection: SocketConnection;
  readonly options: AttachOptions;
  #to: AttachedTo;
  #finished = false;

  constructor(connection: SocketConnection, options: AttachOptions, to: AttachedTo) {
    this.connection = connection;
    this.options = options;
    this.#to = to;
    connection.setHandlers(this);
  }

  /** The process has come: its input may flow. */
  begin(to: AttachedTo): void {
    this.#to = to;
    this.readInput(true);
  }

  readInput(wanted: boolean): void {
    if (this.options.stdin && !this.#finished) this.connection.read(wanted);
  }

  wants(stream: LogStream): boolean {
    return stream === 1 ? this.options.stdout : this.options.stderr;
  }

  /** Lets the client read what is queued, and then the end. */
  finish(): void {
    this.#finished = true;
    this.connection.end();
  }

  onData(bytes: Uint8Array): void {
    if (!this.#finished) this.#to.takeInput(this, bytes);
  }

  onEnd(): void {
    if (!this.#finished) this.#to.endInput(this);
  }

  onClose(): void {
    if (!this.#finished) this.#to.leave(this);
  }

  onDrain(): void {
    if (!this.#finished) this.#to.drained();
  }
}
