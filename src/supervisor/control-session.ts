import { connect, type Socket } from "node:net";
import { EngineError, type ErrorKind } from "../spec/index.ts";
import {
  type ControlEvent,
  type ControlMethod,
  type ControlMethods,
  type ControlResponse,
  encodeLine,
  type Hello,
  LineDecoder,
  type Welcome,
  type WireError,
} from "./protocol.ts";
import { RuntimeStartError } from "./supervisor.ts";

/** The connection broke before the answer; whether the request was carried out is unknown. */
export class SessionLost extends EngineError {
  constructor() {
    super("unavailable", "Cannot reach the supervisor: the connection is lost");
  }
}

export interface SessionHandlers {
  onEvent(event: ControlEvent): void;
  /** Once, also after `close`. */
  onClosed(): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Connects and says hello; resolves with the socket, paused, once it is answered. */
export async function openConnection(
  path: string,
  hello: Hello,
): Promise<{ socket: Socket; welcome: Welcome; rest: Buffer }> {
  const socket = connect({ path, allowHalfOpen: true });
  const decoder = new LineDecoder();
  return await new Promise((resolve, reject) => {
    const fail = (error?: unknown): void => reject(error ?? new SessionLost());
    const onData = (bytes: Buffer): void => {
      decoder.push(bytes);
      const welcome = decoder.next() as Welcome | undefined;
      if (welcome === undefined) return;
      socket.off("data", onData).off("error", fail).off("end", fail).off("close", fail);
      socket.pause();
      resolve({ socket, welcome, rest: Buffer.from(decoder.rest) });
    };
    socket.on("data", onData).once("error", fail).once("end", fail).once("close", fail);
    socket.write(encodeLine(hello));
  });
}

/** One control connection: requests and their answers, and events. */
export class ControlSession {
  readonly #socket: Socket;
  readonly #handlers: SessionHandlers;
  readonly #decoder = new LineDecoder();
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #closed = false;

  /** A connection that has been welcomed. Events flow from the next turn on. */
  constructor(socket: Socket, rest: Buffer, handlers: SessionHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("end", () => socket.destroy());
    socket.on("error", () => {});
    socket.once("close", () => this.#lose());
    queueMicrotask(() => {
      this.#receive(rest);
      socket.resume();
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Rejects with `SessionLost` when the connection breaks before the answer. */
  request<Method extends ControlMethod>(
    method: Method,
    params: ControlMethods[Method]["params"],
  ): Promise<ControlMethods[Method]["result"]> {
    if (this.#closed) return Promise.reject(new SessionLost());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        resolve: (result) => resolve(result as ControlMethods[Method]["result"]),
        reject,
      });
      this.#socket.write(encodeLine({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#decoder.push(bytes);
    for (;;) {
      const message = this.#decoder.next() as ControlResponse | ControlEvent | undefined;
      if (message === undefined) return;
      if ("event" in message) this.#handlers.onEvent(message);
      else this.#settle(message);
    }
  }

  #settle(response: ControlResponse): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ("error" in response) pending?.reject(fromWire(response.error));
    else pending?.resolve(response.result);
  }

  #lose(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject } of this.#pending.values()) reject(new SessionLost());
    this.#pending.clear();
    this.#handlers.onClosed();
  }
}

function fromWire({ kind, message, runtime }: WireError): Error {
  if (runtime !== undefined) return new RuntimeStartError(message, runtime);
  return new EngineError(kind as ErrorKind, message);
}
