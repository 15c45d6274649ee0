import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { TcpTarget } from "./tcp-relay.ts";

/** How long a client's session stays without a datagram in either direction: docker-proxy's 90 s. */
const IDLE_MS = 90_000;
/** Sessions per port; a further client takes the place of the one that was quiet longest. */
const MAX_SESSIONS = 1024;
/** Datagrams that wait for a session's socket; it is a matter of microseconds. */
const MAX_WAITING = 16;

interface Session {
  socket: Socket;
  lastUsed: number;
  /** undefined when the socket is connected. */
  waiting: Uint8Array[] | undefined;
}

export interface UdpRelayOptions {
  idleMs?: number;
  maxSessions?: number;
}

/**
 * Holds a UDP port of the host and relays each client's datagrams over a socket of its own, so that
 * answers find back.
 */
export class UdpRelay {
  readonly #socket: Socket;
  readonly #target: TcpTarget;
  readonly #idleMs: number;
  readonly #maxSessions: number;
  /** By client, the one that was quiet longest first. */
  readonly #sessions = new Map<string, Session>();
  #sweep: Timer | undefined;

  private constructor(socket: Socket, target: TcpTarget, options: UdpRelayOptions) {
    this.#socket = socket;
    this.#target = target;
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#maxSessions = options.maxSessions ?? MAX_SESSIONS;
    socket.on("message", (message, client) => this.#fromClient(message, client));
    // What the network says about one datagram (ICMP) is no reason to stop.
    socket.on("error", () => {});
  }

  /** @throws an error with `code` EADDRINUSE, EADDRNOTAVAIL, EACCES … */
  static async listen(
    address: string,
    port: number,
    target: TcpTarget,
    options: UdpRelayOptions = {},
  ): Promise<UdpRelay> {
    const socket = createSocket(
      address.includes(":") ? { type: "udp6", ipv6Only: true } : { type: "udp4" },
    );
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address, port, exclusive: true }, () => {
        socket.removeAllListeners("error");
        resolve();
      });
    });
    return new UdpRelay(socket, target, options);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Each client's next datagram goes where the target is then. */
  forgetSessions(): void {
    for (const key of [...this.#sessions.keys()]) this.#drop(key);
  }

  close(): void {
    clearInterval(this.#sweep);
    this.forgetSessions();
    this.#socket.close();
  }

  #fromClient(message: Uint8Array, client: RemoteInfo): void {
    const key = `${client.address} ${client.port}`;
    const session = this.#sessions.get(key) ?? this.#open(client);
    this.#touch(key, session);
    if (session.waiting === undefined) session.socket.send(message);
    else if (session.waiting.length < MAX_WAITING) session.waiting.push(message);
  }

  #open(client: RemoteInfo): Session {
    if (this.#sessions.size >= this.#maxSessions) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#drop(oldest);
    }
    const key = `${client.address} ${client.port}`;
    const socket = createSocket(this.#target.hostname.includes(":") ? "udp6" : "udp4");
    const session: Session = { socket, lastUsed: Date.now(), waiting: [] };
    socket.on("error", () => this.#drop(key));
    socket.on("message", (answer) => {
      this.#touch(key, session);
      this.#socket.send(answer, client.port, client.address);
    });
    socket.connect(this.#target.port, this.#target.hostname, () => {
      const waiting = session.waiting ?? [];
      session.waiting = undefined;
      for (const message of waiting) socket.send(message);
    });
    this.#sweep ??= setInterval(() => this.#expire(), this.#idleMs / 3);
    return session;
  }

  /** Moves a session to the end of the map. */
  #touch(key: string, session: Session): void {
    session.lastUsed = Date.now();
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
  }

  #expire(): void {
    const limit = Date.now() - this.#idleMs;
    for (const [key, { lastUsed }] of this.#sessions) {
      if (lastUsed > limit) break;
      this.#drop(key);
    }
    if (this.#sessions.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #drop(key: string): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.socket.removeAllListeners("message");
    session?.socket.close();
  }
}
