import { EngineError } from "../spec/index.ts";
import { connectionError, daemonError } from "./client-errors.ts";
import type { ClientTls, Endpoint } from "./endpoint.ts";
import { type HijackedStream, openHijackedStream } from "./hijacked-stream.ts";
import { jsonLines } from "./json-lines.ts";
import { type QueryValue, queryString } from "./query-string.ts";
import { runtimeWire } from "./runtime-wire.ts";
import type { RequestBody } from "./wire.ts";

export type { RequestBody } from "./wire.ts";

export interface RequestOptions {
  query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: RequestBody;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  endpoint: Endpoint;
  tls?: ClientTls;
  /** `1.51`: asks for that version; undefined: for the newest that the daemon has. */
  version?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Requests to one daemon. Failures are DaemonError (it answered) or ConnectionError (it did not). */
export class HttpTransport {
  readonly #options: TransportOptions;
  readonly #prefix: string;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#prefix = options.version === undefined ? "" : `/v${options.version}`;
  }

  get host(): string {
    return this.#options.endpoint.host;
  }

  /** Resolves with the head; a status that is not of success is thrown, but for 304. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { endpoint, tls, headers } = this.#options;
    const type = options.json === undefined ? {} : { "Content-Type": "application/json" };
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    let response: Response;
    try {
      const wire = await runtimeWire();
      response = await wire.send({
        endpoint,
        ...(tls === undefined ? {} : { tls }),
        method,
        target: this.#target(path, options),
        headers: { ...headers, ...type, ...options.headers },
        ...(body === undefined ? {} : { body }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    } catch (cause) {
      throw await this.#failure(cause, options.signal);
    }
    if (response.ok || response.status === 304) return response;
    throw daemonError(response.status, await response.text());
  }

  async json<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    const response = await this.request(method, path, options);
    return (await response.json()) as T;
  }

  /** For answers without a body. */
  async send(method: string, path: string, options?: RequestOptions): Promise<void> {
    const response = await this.request(method, path, options);
    await response.arrayBuffer();
  }

  /** The body in chunks; leaving the loop early closes the connection. */
  async stream(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.request(method, path, options);
    return this.chunks(response, options.signal);
  }

  async lines<T>(
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<AsyncIterable<T>> {
    return jsonLines<T>(await this.stream(method, path, options));
  }

  /** The chunks of a response, with a broken connection as a ConnectionError. */
  async *chunks(
    response: Response,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    if (response.body === null) return;
    try {
      for await (const chunk of response.body) yield chunk;
    } catch (cause) {
      throw await this.#failure(cause, signal);
    }
  }

  /** Turns a connection into a byte stream; a refusal is a DaemonError. */
  async hijack(method: string, path: string, options: RequestOptions): Promise<HijackedStream> {
    const { endpoint, tls, headers } = this.#options;
    try {
      return await openHijackedStream({
        endpoint,
        ...(tls === undefined ? {} : { tls }),
        method,
        target: new URL(endpoint.origin).pathname.replace(/\/$/, "") + this.#target(path, options),
        headers: { ...headers, ...options.headers },
        ...(options.json === undefined ? {} : { json: options.json }),
      });
    } catch (cause) {
      throw await this.#failure(cause, options.signal);
    }
  }

  #target(path: string, options: RequestOptions): string {
    return `${this.#prefix}${path}${queryString(options.query ?? {})}`;
  }

  async #failure(cause: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    if (cause instanceof EngineError) return cause;
    if (signal?.aborted === true) return new EngineError("cancelled", "cancelled", { cause });
    return await connectionError(this.host, cause);
  }
}
