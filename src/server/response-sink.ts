import { type EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

type Headers = Readonly<Record<string, string>>;

/**
 * Where an answer is written: a node response, or the bare socket of a request that asked for an upgrade
 * and got an ordinary answer.
 */
export interface ResponseSink {
  readonly started: boolean;
  /** The client has gone, or the answer is complete. */
  readonly closed: boolean;
  /** Sends head and body in one go. */
  send(status: number, headers: Headers, body: string): void;
  /** Sends the head at once; the body follows by `write`. */
  start(status: number, headers: Headers): void;
  /** Resolves when there is room for more, or nobody left to write to. */
  write(chunk: Uint8Array | string): Promise<void> | undefined;
  end(): void;
  /** Cuts the connection: the only way to say that a body is not complete. */
  abort(): void;
  /** Called once when the client goes before `end`. */
  onGone(listener: () => void): void;
  /** Called once when all is written, or nobody is left to write to. */
  onSent(listener: () => void): void;
}

export class HttpSink implements ResponseSink {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  send(status: number, headers: Headers, body: string): void {
    // Without a length node sends even a whole body in chunks. A 204 or 304 must not have one.
    const length = status === 204 || status === 304 ? {} : { "Content-Length": byteLength(body) };
    this.#response.writeHead(status, { ...headers, ...length });
    this.#response.end(body);
  }

  start(status: number, headers: Headers): void {
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.closed || this.#response.write(chunk)) return undefined;
    return room(this.#response);
  }

  end(): void {
    this.#response.end();
  }

  abort(): void {
    this.#response.destroy();
  }

  onSent(listener: () => void): void {
    onceOf(this.#response, ["finish", "close"], listener);
  }

  onGone(listener: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) listener();
    });
  }
}

/** Writes HTTP/1.1 by hand; the end of the connection is the end of the body. */
export class SocketSink implements ResponseSink {
  readonly #socket: Duplex;
  readonly #withoutBody: boolean;
  started = false;
  #ended = false;

  constructor(socket: Duplex, method: string | undefined) {
    this.#socket = socket;
    this.#withoutBody = method === "HEAD";
  }

  get closed(): boolean {
    return this.#ended || this.#socket.destroyed;
  }

  send(status: number, headers: Headers, body: string): void {
    this.start(status, { ...headers, "Content-Length": byteLength(body) });
    this.#ended = true;
    this.#socket.end(this.#withoutBody ? "" : body);
  }

  start(status: number, headers: Headers): void {
    this.started = true;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const phrase = STATUS_PHRASES[status] ?? "Unknown";
    this.#socket.write(
      `HTTP/1.1 ${status} ${phrase}\r\n${lines.join("")}Connection: close\r\n\r\n`,
    );
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.closed || this.#withoutBody || this.#socket.write(chunk)) return undefined;
    return room(this.#socket);
  }

  end(): void {
    this.#ended = true;
    this.#socket.end();
  }

  abort(): void {
    this.#socket.destroy();
  }

  onSent(listener: () => void): void {
    onceOf(this.#socket, ["finish", "close"], listener);
  }

  onGone(listener: () => void): void {
    this.#socket.once("close", () => {
      if (!this.#ended) listener();
    });
  }
}

const STATUS_PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

const byteLength = (text: string): string => String(Buffer.byteLength(text));

async function room(stream: NodeJS.WritableStream & { destroyed?: boolean }): Promise<void> {
  if (stream.destroyed === true) return;
  const abort = new AbortController();
  const { signal } = abort;
  try {
    await Promise.race([once(stream, "drain", { signal }), once(stream, "close", { signal })]);
  } catch {
    // An error of the connection is reported by its "close".
  } finally {
    abort.abort();
  }
}

function onceOf(emitter: EventEmitter, names: readonly string[], listener: () => void): void {
  let called = false;
  for (const name of names) {
    emitter.once(name, () => {
      if (!called) listener();
      called = true;
    });
  }
}
