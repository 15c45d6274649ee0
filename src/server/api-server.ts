import http, { type IncomingMessage, type Server } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { EngineError, errorMessage } from "../spec/index.ts";
import { Dispatcher, type ServerLog, type Upgrade } from "./dispatcher.ts";
import { acceptUpgrade, finishStream } from "./hijack.ts";
import type { ListenAddress } from "./listen-address.ts";
import { HttpSink, SocketSink } from "./response-sink.ts";
import type { Role } from "./role.ts";
import { type Route, RouteTable } from "./route.ts";
import { listenOnUnixSocket } from "./unix-listener.ts";
import { websocketHandshake, websocketStream } from "./websocket.ts";

/** PEM texts. With `ca`, clients must show a certificate that it has signed. */
export interface ServerTls {
  certificate: string;
  key: string;
  ca?: string;
}

export interface ApiServerOptions {
  routes: readonly Route[];
  /** Of Berth, for the `Server` header. */
  version: string;
  log: ServerLog;
  /** Whose connections over tcp are cut, by the address that they come from: containers'. */
  refuses?: (address: string) => boolean;
  /** Milliseconds that a client may take for the head of a request. */
  headersTimeout?: number;
}

export interface ListenOptions {
  /** For tcp. */
  tls?: ServerTls | undefined;
  /** What its clients may do; everything, if it is not said. */
  role?: Role;
}

const HEADER_BYTES = 1024 * 1024;
const HEADERS_TIMEOUT = 30_000;

/** Serves the Engine API on any number of sockets. */
export class ApiServer {
  readonly #dispatcher: Dispatcher;
  readonly #log: ServerLog;
  readonly #refuses: (address: string) => boolean;
  readonly #headersTimeout: number;
  readonly #servers: Server[] = [];
  /** Sockets that node's server has let go of. */
  readonly #upgraded = new Set<Duplex>();
  /** Sockets with a response that is not sent yet. */
  readonly #answering = new Set<Duplex>();
  #whenIdle = (): void => {};

  constructor(options: ApiServerOptions) {
    this.#log = options.log;
    this.#refuses = options.refuses ?? (() => false);
    this.#headersTimeout = options.headersTimeout ?? HEADERS_TIMEOUT;
    this.#dispatcher = new Dispatcher({
      routes: new RouteTable(options.routes),
      version: options.version,
      log: options.log,
    });
  }

  /**
   * Resolves once connections are accepted, with the address in use (a tcp port 0 has become a real one).
   * @throws failed-precondition
   */
  async listen(address: ListenAddress, options: ListenOptions = {}): Promise<ListenAddress> {
    const { tls, role = "admin" } = options;
    const server = this.#createServer(address.kind === "tcp" ? tls : undefined, role);
    if (address.kind === "unix") {
      await listenOnUnixSocket(server, address.path, address.group);
      this.#servers.push(server);
      return address;
    }
    if (tls?.ca === undefined) {
      this.#log(
        "warn",
        `tcp://${address.host}:${address.port} is open to everyone who reaches it, without certificates: they are root here`,
      );
    }
    server.on("connection", (socket: Socket) => {
      if (this.#refuses(socket.remoteAddress ?? "")) socket.destroy();
    });
    await listenOnTcp(server, address);
    this.#servers.push(server);
    return { ...address, port: (server.address() as AddressInfo).port };
  }

  /**
   * Stops accepting, ends the streams, lets requests finish for `graceMs` and cuts off what is left.
   * The unix sockets' files are gone afterwards.
   */
  async close(graceMs = 3000): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    this.#dispatcher.close();
    for (const socket of this.#upgraded) finishStream(socket);
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    this.#whenIdle = settle;
    const timer = setTimeout(settle, graceMs);
    this.#checkIdle();
    await settled;
    clearTimeout(timer);
    // What is open now is idle, or has had its time.
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await Promise.all(closed);
  }

  #checkIdle(): void {
    if (this.#answering.size === 0 && this.#upgraded.size === 0) this.#whenIdle();
  }

  #createServer(tls: ServerTls | undefined, role: Role): Server {
    const options = {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: this.#headersTimeout,
      connectionsCheckingInterval: this.#headersTimeout / 4,
      // Uploads and streams take the time that they take.
      requestTimeout: 0,
      keepAliveTimeout: 60_000,
    };
    const server =
      tls === undefined
        ? http.createServer(options)
        : https.createServer({
            ...options,
            cert: tls.certificate,
            key: tls.key,
            ...(tls.ca === undefined
              ? {}
              : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
          });
    server.on("request", (message, response) => {
      const { socket } = message;
      this.#answering.add(socket);
      response.once("close", () => {
        this.#answering.delete(socket);
        this.#checkIdle();
      });
      void this.#dispatcher.dispatch(message, new HttpSink(response), role);
    });
    server.on("upgrade", (message, socket, head) => {
      this.#upgrade(message, socket, head, role);
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      this.#refuse(error, socket);
    });
    return server;
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, role: Role): void {
    socket.allowHalfOpen = true;
    // Reported by "close"; without a listener it would end the process.
    socket.on("error", () => {});
    this.#upgraded.add(socket);
    socket.once("close", () => {
      this.#upgraded.delete(socket);
      this.#checkIdle();
    });
    if (head.length > 0) socket.unshift(head);
    const upgrade: Upgrade = {
      hijack: async (contentType, run) => {
        acceptUpgrade(socket, contentType);
        await this.#serve(message, socket, run);
      },
      websocket: async (binary, run) => {
        socket.write(websocketHandshake(message));
        await this.#serve(message, websocketStream(socket, binary), run);
      },
    };
    const sink = new SocketSink(socket, message.method);
    void this.#dispatcher.dispatch(message, sink, role, upgrade);
  }

  async #serve(
    message: IncomingMessage,
    socket: Duplex,
    run: (client: Duplex) => Promise<void>,
  ): Promise<void> {
    try {
      await run(socket);
    } catch (error) {
      this.#log("warn", `${message.method} ${message.url}: ${errorMessage(error)}`);
    }
    finishStream(socket);
  }

  #refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Nobody to answer, or an answer under way that a second one would garble.
    if (error.code === "ECONNRESET" || !socket.writable || this.#answering.has(socket)) {
      socket.destroy();
      return;
    }
    this.#log("debug", `malformed request: ${error.message}`);
    const status =
      error.code === "HPE_HEADER_OVERFLOW"
        ? "431 Request Header Fields Too Large"
        : "400 Bad Request";
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
    );
  }
}

function listenOnTcp(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const at = `tcp://${address.host}:${address.port}`;
      reject(
        new EngineError("failed-precondition", `Cannot listen on "${at}": ${errorMessage(cause)}`, {
          cause,
        }),
      );
    });
    server.listen({ port: address.port, host: address.host }, resolve);
  });
}
