import { EngineError, errorKind, errorMessage } from "../spec/index.ts";
import {
  type ControlEvent,
  type ControlRequest,
  encodeLine,
  type LineDecoder,
  type WireError,
} from "./protocol.ts";
import type { ConnectionHandlers, SocketConnection } from "./socket-connection.ts";
import { RuntimeStartError } from "./supervisor.ts";

/** Answers a request; what it throws goes back as an error. */
export type ControlHandler = (request: ControlRequest) => unknown;

/** A daemon's connection: requests are answered as they are done, not in their order. */
export class ControlConnection implements ConnectionHandlers {
  readonly connection: SocketConnection;
  readonly #decoder: LineDecoder;
  readonly #handle: ControlHandler;
  readonly #onClosed: (connection: ControlConnection) => void;

  /** `decoder` may hold what came behind the hello. */
  constructor(
    connection: SocketConnection,
    decoder: LineDecoder,
    handle: ControlHandler,
    onClosed: (connection: ControlConnection) => void,
  ) {
    this.connection = connection;
    this.#decoder = decoder;
    this.#handle = handle;
    this.#onClosed = onClosed;
    connection.setHandlers(this);
    connection.read(true);
    this.onData(new Uint8Array());
  }

  tell(event: ControlEvent): void {
    this.connection.write(encodeLine(event));
  }

  answer(id: number, result: unknown): void {
    this.connection.write(encodeLine({ id, result: result ?? null }));
  }

  /** The part of a request that has come. */
  get rest(): Uint8Array {
    return this.#decoder.rest;
  }

  onData(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    for (;;) {
      const request = this.#decoder.next() as ControlRequest | undefined;
      if (request === undefined) return;
      void this.#run(request);
    }
  }

  onEnd(): void {
    this.connection.destroy();
    this.#onClosed(this);
  }

  onClose(): void {
    this.#onClosed(this);
  }

  async #run(request: ControlRequest): Promise<void> {
    try {
      this.answer(request.id, await this.#handle(request));
    } catch (error) {
      this.connection.write(encodeLine({ id: request.id, error: wireError(error) }));
    }
  }
}

function wireError(error: unknown): WireError {
  const wire = { kind: errorKind(error), message: errorMessage(error) };
  if (!(error instanceof RuntimeStartError)) {
    if (!(error instanceof EngineError)) console.error(error);
    return wire;
  }
  const { exitStatus, stderr, runtimeLog } = error;
  return { ...wire, runtime: { exitStatus, stderr, runtimeLog } };
}
