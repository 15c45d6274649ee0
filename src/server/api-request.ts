import type { IncomingMessage } from "node:http";
import { EngineError, invalidArgument } from "../spec/index.ts";
import type { Decoder } from "./decode.ts";
import { Query } from "./query.ts";

/** No request of the API comes near this; it bounds what a client can make the daemon hold. */
const MAXIMUM_JSON_BYTES = 16 * 1024 * 1024;
/** Milliseconds that such a body may take. */
const JSON_TIMEOUT = 60_000;

export interface ApiRequestParts {
  message: IncomingMessage;
  /** Decoded, what stands for `{name}` in the route's path. */
  name: string;
  /** Minor API version. */
  version: number;
  /** The raw text after `?`. */
  search: string;
  /** Aborted when the client has gone before its answer was complete. */
  signal: () => AbortSignal;
}

/** A request as handlers see it. */
export class ApiRequest {
  readonly name: string;
  readonly version: number;
  readonly query: Query;
  readonly #message: IncomingMessage;
  readonly #signal: () => AbortSignal;

  constructor(parts: ApiRequestParts) {
    this.name = parts.name;
    this.version = parts.version;
    this.query = new Query(parts.search);
    this.#message = parts.message;
    this.#signal = parts.signal;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  get method(): string {
    return this.#message.method ?? "";
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body's bytes. Leaving the loop early does not end the connection. */
  get body(): AsyncIterable<Uint8Array> {
    return this.#message.iterator({ destroyOnReturn: false });
  }

  /**
   * Reads a JSON body; undefined when there is none.
   * @throws invalid-argument in Docker's words: wrong content type, bad JSON, wrong types, too large
   */
  async json<T>(decode: Decoder<T>, struct: string): Promise<T | undefined> {
    if (!this.hasBody) {
      if (this.header("content-type") !== undefined) this.#checkContentType();
      return undefined;
    }
    this.#checkContentType();
    const bytes = await this.#readBody();
    if (bytes.length === 0) {
      throw invalidArgument("invalid JSON: got EOF while reading request body");
    }
    return decode(parseJson(bytes), struct);
  }

  /** Reads a JSON body whose absence means a body of nothing but zero values. */
  async jsonOr<T extends object>(decode: Decoder<T>, struct: string, absent: T): Promise<T> {
    return (await this.json(decode, struct)) ?? absent;
  }

  /** Is there a body, be it an empty one? */
  get hasBody(): boolean {
    const length = this.header("content-length");
    return length === undefined ? this.header("transfer-encoding") !== undefined : length !== "0";
  }

  #checkContentType(): void {
    const type = this.header("content-type") ?? "";
    const match = /^\s*([\w!#$&^.+-]+(?:\/[\w!#$&^.+-]+)?)\s*(?:;.*)?$/.exec(type);
    if (match?.[1] === undefined) {
      throw invalidArgument(
        `malformed Content-Type header (${type})${type ? "" : ": mime: no media type"}`,
      );
    }
    if (match[1].toLowerCase() !== "application/json") {
      throw invalidArgument(
        `unsupported Content-Type header (${type}): must be 'application/json'`,
      );
    }
  }

  async #readBody(): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const tooSlow = setTimeout(() => {
      this.#message.destroy(new EngineError("cancelled", "the request's body came too slowly"));
    }, JSON_TIMEOUT);
    try {
      for await (const chunk of this.body) {
        size += chunk.length;
        if (size > MAXIMUM_JSON_BYTES) {
          throw invalidArgument(`request body is larger than ${MAXIMUM_JSON_BYTES} bytes`);
        }
        chunks.push(chunk);
      }
    } finally {
      clearTimeout(tooSlow);
    }
    return Buffer.concat(chunks);
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^JSON Parse error: /, "") : "";
    throw invalidArgument(`invalid JSON: ${why}`, cause);
  }
}
