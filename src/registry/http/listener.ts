import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import tls from "node:tls";
import { EngineError, errorMessage } from "../../spec/index.ts";
import { type Answer, answer } from "./answer.ts";
import type { RegistryRequest } from "./call.ts";
import { sendAnswer } from "./send-answer.ts";

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface ListenerOptions {
  readonly hostname: string;
  readonly port: number;
  /** Undefined: plain HTTP. */
  readonly certificate: Certificate | undefined;
  handle(request: RegistryRequest, remote: string): Promise<Answer>;
  /** An answer that broke off. */
  onBroken(error: unknown): void;
}

/** A connection without a byte in either direction for this long is closed. Milliseconds. */
const IDLE_TIMEOUT = 255_000;
/** A request's head must be there after this. Milliseconds. */
const HEAD_TIMEOUT = 60_000;
const HANDSHAKE_TIMEOUT = 30_000;
const HEADER_BYTES = 64 << 10;
/** `.` and `..`, also as `%2e` (RFC 3986, section 3.3). A backslash is taken for a slash by URL parsers. */
const DOT_SEGMENT = /[/\\](\.|%2e){1,2}([/\\]|$)/i;

/** HTTP/1.1 on a TCP port, plain or with TLS. */
export class Listener {
  /** Requests that are not answered to their end. */
  private answering = 0;
  private stopping = false;
  private whenIdle = (): void => {};
  private readonly connections = new Set<Socket>();

  private constructor(
    private readonly options: ListenerOptions,
    private readonly http: http.Server,
    /** The server that listens: `http` itself, or one that gives it decrypted connections. */
    private readonly server: http.Server | tls.Server,
  ) {}

  /** Resolves when connections are accepted. Throws failed-precondition where they cannot be. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const plain = http.createServer({
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEAD_TIMEOUT,
      keepAliveTimeout: IDLE_TIMEOUT,
      // A push may take any time; one that stands still is ended by the idle timeout.
      requestTimeout: 0,
    });
    const { certificate } = options;
    const server =
      certificate === undefined
        ? plain
        : tls.createServer({ ...certificate, handshakeTimeout: HANDSHAKE_TIMEOUT }, (socket) => {
            plain.emit("connection", socket);
          });
    const listener = new Listener(options, plain, server);
    listener.wire();
    await listen(server, options);
    return listener;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections from now on get this certificate; those that are there stay as they are. */
  renew(certificate: Certificate): void {
    if (this.server instanceof tls.Server) this.server.setSecureContext(certificate);
  }

  /** Accepts nothing more, answers what has been asked for `grace` milliseconds and cuts off the rest. */
  async stop(grace: number): Promise<void> {
    this.stopping = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const { promise: idle, resolve } = Promise.withResolvers<void>();
    this.whenIdle = resolve;
    const timer = setTimeout(resolve, grace);
    if (this.answering === 0) resolve();
    await idle;
    clearTimeout(timer);
    this.http.closeAllConnections();
    for (const socket of this.connections) socket.destroy();
    await closed;
  }

  private wire(): void {
    const { http: plain, server } = this;
    plain.on("request", (message, response) => void this.serve(message, response));
    plain.on("clientError", (_, socket) => {
      const head = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
      if (socket.writable) socket.end(head);
      else socket.destroy();
    });
    if (server === plain) {
      plain.timeout = IDLE_TIMEOUT;
      plain.on("timeout", (socket: Socket) => socket.destroy());
      return;
    }
    server.on("secureConnection", (socket: Socket) => {
      this.connections.add(socket);
      socket.once("close", () => this.connections.delete(socket));
      socket.on("error", () => {});
      socket.setTimeout(IDLE_TIMEOUT, () => socket.destroy());
    });
    // Of a client that speaks no TLS or does not trust the certificate.
    server.on("tlsClientError", () => {});
  }

  private async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.answering += 1;
    message.on("error", () => {});
    try {
      const url = urlOf(message, this.options.certificate === undefined ? "http" : "https");
      const remote = message.socket.remoteAddress ?? "";
      const reply =
        url === undefined
          ? answer(400)
          : await this.options.handle(requestOf(message, response, url), remote);
      if (this.stopping) response.setHeader("Connection", "close");
      await sendAnswer(message, response, reply);
      if (!response.writableFinished) await ended(response);
    } catch (error) {
      this.options.onBroken(error);
      response.destroy();
    } finally {
      this.answering -= 1;
      if (this.answering === 0) this.whenIdle();
    }
  }
}

/** Sent whole, or nobody there to send it to. */
function ended(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once("finish", resolve);
    response.once("close", resolve);
  });
}

function urlOf({ url = "/", headers }: IncomingMessage, scheme: string): URL | undefined {
  // Resolved, a path would name another repository than the one a proxy in front has read in it.
  if (DOT_SEGMENT.test(url.split("?", 1)[0] ?? "")) return undefined;
  // A path that begins with two slashes must not be taken for a host.
  const text = url.startsWith("/") ? `${scheme}://${headers.host ?? "localhost"}${url}` : url;
  return URL.parse(text) ?? undefined;
}

function requestOf(message: IncomingMessage, response: ServerResponse, url: URL): RegistryRequest {
  return {
    method: message.method ?? "GET",
    url,
    headers: {
      get: (name) => {
        const value = message.headers[name];
        return value === undefined ? null : String(value);
      },
    },
    body: message,
    get gone() {
      return response.destroyed;
    },
  };
}

function listen(
  server: Server,
  { hostname, port }: { hostname: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `Cannot listen on "${hostname}:${port}": ${errorMessage(cause)}`;
      reject(new EngineError("failed-precondition", message, { cause }));
    });
    server.listen({ host: hostname, port }, resolve);
  });
}
