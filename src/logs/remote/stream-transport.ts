import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorMessage } from "../../spec/index.ts";
import type { LogTransport } from "./log-transport.ts";

export interface TlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
  skipVerify: boolean;
}

export type StreamTarget = { path: string } | { host: string; port: number; tls?: TlsFiles };

const RECONNECT_MS = 1000;

/**
 * Messages over a stream: a unix socket, TCP or TLS. While the connection is broken messages are dropped,
 * and it is tried anew at most once a second; while it is slow they wait.
 */
export class StreamTransport implements LogTransport {
  readonly #target: StreamTarget;
  #socket: Socket;
  #isOpen = false;
  #dropped = 0;
  #nextAttempt = 0;
  #closing = false;
  readonly #opened: Promise<void>;
  #waiting: (() => void)[] = [];

  constructor(target: StreamTarget) {
    this.#target = target;
    this.#socket = this.#connect();
    const first = this.#socket;
    this.#opened = new Promise((resolve, reject) => {
      first.once("error", reject);
      first.once(isTls(target) ? "secureConnect" : "connect", () => resolve());
    });
    // Whoever asks is told; nobody has to ask.
    this.#opened.catch(() => {});
  }

  get queued(): number {
    return this.#isOpen ? this.#socket.writableLength : 0;
  }

  opened(): Promise<void> {
    return this.#opened;
  }

  send(message: Uint8Array): void {
    if (!this.#isOpen) {
      this.#dropped++;
      this.#reconnect();
      return;
    }
    this.#socket.write(message);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.queued === 0) resolve();
      else this.#waiting.push(resolve);
    });
  }

  close(): void {
    this.#closing = true;
    this.#socket.end();
  }

  #reconnect(): void {
    const now = performance.now();
    if (this.#closing || this.#socket.connecting || now < this.#nextAttempt) return;
    this.#nextAttempt = now + RECONNECT_MS;
    this.#socket = this.#connect();
  }

  #connect(): Socket {
    const target = this.#target;
    const socket = openSocket(target);
    socket.once(isTls(target) ? "secureConnect" : "connect", () => {
      this.#isOpen = true;
      if (this.#dropped > 0)
        console.error(`${this.#dropped} log messages dropped: ${describe(target)}`);
      this.#dropped = 0;
    });
    socket.on("drain", () => this.#release());
    socket.on("data", () => {});
    socket.on("error", (error) => {
      if (this.#isOpen) console.error(`Cannot send to ${describe(target)}: ${errorMessage(error)}`);
    });
    socket.once("close", () => {
      this.#isOpen = false;
      this.#nextAttempt = performance.now() + RECONNECT_MS;
      this.#release();
    });
    return socket;
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const isTls = (target: StreamTarget): boolean => !("path" in target) && target.tls !== undefined;

const describe = (target: StreamTarget): string =>
  "path" in target ? target.path : `${target.host}:${target.port}`;

function openSocket(target: StreamTarget): Socket {
  if ("path" in target) return connect({ path: target.path });
  const { host, port, tls } = target;
  if (tls === undefined) return connect({ host, port });
  return connectTls({
    host,
    port,
    servername: host,
    rejectUnauthorized: !tls.skipVerify,
    ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: readFileSync(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: readFileSync(tls.key) }),
  });
}
