import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { close } from "../../linux/file.ts";
import { Poller, Ready } from "../../linux/poller.ts";
import { connectDatagram, sendAvailable } from "../../linux/unix-socket.ts";
import { errorMessage } from "../../spec/index.ts";
import { type LogTransport, MessageQueue } from "./log-transport.ts";

/** Datagrams to a unix socket: journald, or a syslog daemon on this host. */
export class UnixDatagramTransport implements LogTransport {
  readonly #path: string;
  readonly #queue = new MessageQueue();
  #socket: { fd: number; poller: Poller } | undefined;

  /** Throws where nobody listens. */
  constructor(path: string) {
    this.#path = path;
    this.#connect();
  }

  get queued(): number {
    return this.#queue.bytes;
  }

  async opened(): Promise<void> {}

  send(message: Uint8Array): void {
    this.#queue.push(message);
    this.#flush();
  }

  drained(): Promise<void> {
    return this.#queue.empty();
  }

  close(): void {
    void this.#queue.empty().then(() => this.#disconnect());
  }

  #connect(): { fd: number; poller: Poller } {
    const fd = connectDatagram(this.#path);
    const poller = new Poller((error) => console.error(error));
    poller.add(fd, 0, () => this.#flush());
    this.#socket = { fd, poller };
    return this.#socket;
  }

  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.poller.close();
    close(socket.fd);
  }

  #flush(): void {
    for (;;) {
      const message = this.#queue.first();
      if (message === undefined) {
        this.#socket?.poller.modify(this.#socket.fd, 0);
        return;
      }
      if (!this.#trySend(message)) return;
      this.#queue.shift();
    }
  }

  /** False: the receiver is full. A receiver that was restarted gets a new connection, once a message. */
  #trySend(message: Uint8Array): boolean {
    for (const isLast of [false, true]) {
      try {
        const { fd, poller } = this.#socket ?? this.#connect();
        if (sendAvailable(fd, message) >= 0) return true;
        poller.modify(fd, Ready.writable);
        return false;
      } catch (error) {
        this.#disconnect();
        if (isLast) console.error(`Cannot send to "${this.#path}": ${errorMessage(error)}`);
      }
    }
    return true;
  }
}

/** Datagrams over UDP. */
export class UdpTransport implements LogTransport {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #port: number;
  #queued = 0;
  #closing = false;
  #waiting: (() => void)[] = [];

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
    this.#socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    this.#socket.on("error", (error) =>
      console.error(`Cannot send to "${host}": ${error.message}`),
    );
    this.#socket.unref();
  }

  get queued(): number {
    return this.#queued;
  }

  async opened(): Promise<void> {}

  send(message: Uint8Array): void {
    this.#queued += message.length;
    this.#socket.send(message, this.#port, this.#host, () => {
      this.#queued -= message.length;
      if (this.#queued > 0) return;
      for (const resolve of this.#waiting.splice(0)) resolve();
      if (this.#closing) this.#socket.close();
    });
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#queued === 0) resolve();
      else this.#waiting.push(resolve);
    });
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#queued === 0) this.#socket.close();
  }
}
