import { ConnectionError, daemonError } from "./client-errors.ts";
import type { ClientTls, Endpoint } from "./endpoint.ts";
import { ResponseHead } from "./response-head.ts";
import { runtimeWire } from "./runtime-wire.ts";
import type { WireEvents, WireSocket } from "./wire.ts";

/** A connection that has become a two-way byte stream: attach, exec. */
export interface HijackedStream {
  /** True: Docker's frames; false: raw; undefined: the daemon is too old to say (before API 1.42). */
  readonly multiplexed: boolean | undefined;
  /** What the daemon sends. To be read by one reader; it is slowed down when the reader is. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more. Writing to a closed stream does nothing. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the input once everything written has been sent; output goes on. */
  end(): void;
  /** Drops the connection. */
  close(): void;
}

export interface HijackOptions {
  endpoint: Endpoint;
  tls?: ClientTls;
  method: string;
  /** Path and query. */
  target: string;
  headers: Readonly<Record<string, string>>;
  json?: unknown;
}

/** Output that waits to be read; above it the daemon has to wait. */
const OUTPUT_BYTES = 1024 * 1024;

/** @throws DaemonError when the daemon answers with anything but 101 or 200 */
export async function openHijackedStream(options: HijackOptions): Promise<HijackedStream> {
  const connection = new Connection();
  // A connection that fails before anyone waits for the head is reported by `connect`.
  connection.head.promise.catch(() => {});
  const { endpoint, tls } = options;
  await (await runtimeWire()).connect(endpoint, tls, connection);
  void connection.write(new TextEncoder().encode(requestHead(options)));
  const head = await connection.head.promise;
  if (head.status === 101 || head.status === 200) {
    connection.multiplexed = multiplexed(head.headers.get("content-type"));
    return connection;
  }
  const body = await connection.readBody(head.headers);
  connection.close();
  if (head.status === 0) throw new ConnectionError(`${endpoint.host} does not speak HTTP`, body);
  throw daemonError(head.status, body);
}

function requestHead({ method, target, headers, json }: HijackOptions): string {
  const body = json === undefined ? "" : JSON.stringify(json);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: tcp",
    ...(json === undefined ? [] : ["Content-Type: application/json"]),
    `Content-Length: ${new TextEncoder().encode(body).length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function multiplexed(contentType: string | undefined): boolean | undefined {
  if (contentType === "application/vnd.docker.multiplexed-stream") return true;
  return undefined;
}

/** Promise.withResolvers, which Node has from 22 on. */
class Deferred<T> {
  resolve: (value: T) => void = () => {};
  reject: (reason: unknown) => void = () => {};
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

class Connection implements HijackedStream, WireEvents {
  multiplexed: boolean | undefined;
  readonly head = new Deferred<{ status: number; headers: Map<string, string> }>();
  #socket: WireSocket | undefined;
  #parser: ResponseHead | undefined = new ResponseHead();
  readonly #incoming: Uint8Array[] = [];
  #incomingBytes = 0;
  readonly #outgoing: Uint8Array[] = [];
  #room: Deferred<void> | undefined;
  #news: Deferred<void> | undefined;
  #inputEnded = false;
  #outputEnded = false;
  #closed = false;
  #error: Error | undefined;

  opened(socket: WireSocket): void {
    this.#socket = socket;
    this.flush();
  }

  received(chunk: Uint8Array): void {
    let content = chunk;
    if (this.#parser !== undefined) {
      const rest = this.#parser.push(chunk);
      if (rest === undefined) return;
      this.head.resolve(this.#parser);
      this.#parser = undefined;
      content = rest;
    }
    if (content.length === 0) return;
    this.#incoming.push(content);
    this.#incomingBytes += content.length;
    if (this.#incomingBytes > OUTPUT_BYTES) this.#socket?.pause();
    this.#news?.resolve();
  }

  drained(): void {
    this.flush();
  }

  /** The daemon has ended its half; ours may go on. */
  ended(): void {
    this.#outputEnded = true;
    this.head.reject(this.#error ?? new Error("the connection was closed before the response"));
    this.#news?.resolve();
  }

  closed(): void {
    this.#closed = true;
    this.#outgoing.length = 0;
    this.#release();
    this.ended();
  }

  failed(error: Error): void {
    this.#error = error;
    this.closed();
  }

  get output(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      for (let chunk = this.#incoming.shift(); chunk; chunk = this.#incoming.shift()) {
        this.#incomingBytes -= chunk.length;
        yield chunk;
      }
      if (this.#outputEnded) break;
      this.#socket?.resume();
      this.#news = new Deferred();
      await this.#news.promise;
    }
    if (this.#error !== undefined) throw this.#error;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return;
    this.#outgoing.push(bytes);
    this.flush();
    if (this.#outgoing.length === 0) return;
    this.#room ??= new Deferred();
    await this.#room.promise;
  }

  end(): void {
    this.#inputEnded = true;
    this.flush();
  }

  /** Sends what the socket takes: `write` may take a part only, and then `drain` follows. */
  flush(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#closed) return;
    for (let bytes = this.#outgoing[0]; bytes !== undefined; bytes = this.#outgoing[0]) {
      const taken = socket.write(bytes);
      if (taken < bytes.length) {
        this.#outgoing[0] = bytes.subarray(taken);
        return;
      }
      this.#outgoing.shift();
    }
    this.#release();
    if (this.#inputEnded) {
      this.#inputEnded = false;
      socket.shutdown();
    }
  }

  close(): void {
    this.#socket?.terminate();
    this.closed();
  }

  /** The body of a refusal: as long as its head says, chunked, or up to the end of the connection. */
  async readBody(headers: ReadonlyMap<string, string>): Promise<string> {
    const length = Number(headers.get("content-length") ?? Number.POSITIVE_INFINITY);
    const chunked = headers.get("transfer-encoding") === "chunked";
    let text = "";
    for await (const chunk of this.#read()) {
      text += Buffer.from(chunk).toString("latin1");
      if (text.length >= length || (chunked && text.endsWith("0\r\n\r\n"))) break;
    }
    if (chunked) text = text.replace(/(?:^|\r\n)[0-9a-f]+\r\n/gi, "");
    return Buffer.from(text, "latin1").toString("utf8").trim();
  }

  #release(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
