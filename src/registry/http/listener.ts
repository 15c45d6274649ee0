import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
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
const HEADER_BYTES = 64 << 10;
/** `.` and `..`, also as `%2e` (RFC 3986, section 3.3). A backslash is taken for a slash by URL parsers. */
const DOT_SEGMENT = /[/\\](\.|%2e){1,2}([/\\]|$)/i;

/** HTTP/1.1 on a TCP port, plain or with TLS. */
export class Listener {
  /** Requests that are not answered to their end. */
  private answering = 0;
  private stopping = false;
  private whenIdle = (): void => {};
  /** The last one listens; those before it have connections to end. */
  private readonly servers: http.Server[] = [];
  private renewal: Promise<void> = Promise.resolve();

  private constructor(private readonly options: ListenerOptions) {}

  /** Resolves when connections are accepted. Throws failed-precondition where they cannot be. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await listener.add(options.certificate, options.port);
    return listener;
  }

  get port(): number {
    const address = this.servers.at(-1)?.address() as AddressInfo | undefined;
    return address?.port ?? this.options.port;
  }

  /**
   * Connections from now on get this certificate; requests that are being answered go on, idle connections are
   * closed. A server with the new one takes the port over at once: who connects in that very moment has to do so again.
   */
  async renew(certificate: Certificate): Promise<void> {
    this.renewal = this.renewal.then(async () => {
      if (this.stopping || this.options.certificate === undefined) return;
      const old = this.servers.at(-1);
      const { port } = this;
      old?.close(() => this.servers.splice(this.servers.indexOf(old), 1));
      await this.add(certificate, port);
    });
    await this.renewal;
  }

  /** Accepts nothing more, answers what has been asked for `grace` milliseconds and cuts off the rest. */
  async stop(grace: number): Promise<void> {
    this.stopping = true;
    await this.renewal;
    const servers = [...this.servers];
    const closed = servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    const { promise: idle, resolve } = Promise.withResolvers<void>();
    this.whenIdle = resolve;
    const timer = setTimeout(resolve, grace);
    if (this.answering === 0) resolve();
    await idle;
    clearTimeout(timer);
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  private async add(certificate: Certificate | undefined, port: number): Promise<void> {
    const limits = {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEAD_TIMEOUT,
      keepAliveTimeout: IDLE_TIMEOUT,
      // A push may take any time; one that stands still is ended by the idle timeout.
      requestTimeout: 0,
    };
    const server =
      certificate === undefined
        ? http.createServer(limits)
        : https.createServer({ ...limits, ...certificate });
    server.timeout = IDLE_TIMEOUT;
    server.on("timeout", (socket: Socket) => socket.destroy());
    server.on("request", (message, response) => void this.serve(message, response));
    server.on("clientError", (_, socket) => {
      const head = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
      if (socket.writable) socket.end(head);
      else socket.destroy();
    });
    const { hostname } = this.options;
    await listen(server, { hostname, port });
    this.servers.push(server);
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
