import type { Socket, TCPSocketListener, udp } from "bun";
import { closeNamespace, inNetworkNamespace, openNetworkNamespace } from "../../linux/namespace.ts";
import { emptyAnswer, HEADER_BYTES, isResponse, Rcode } from "./message-bytes.ts";
import { frame, MessageSplitter } from "./stream-messages.ts";
import type { Transport } from "./upstream.ts";

const ADDRESS = "127.0.0.11";
const PORT = 53;
const MAX_CONNECTIONS = 64;
const IDLE_SECONDS = 10;
/** Questions of one connection that wait for their answers. */
const MAX_PIPELINED = 32;

/** Answers one query; undefined: none is due. */
export type Respond = (
  query: Uint8Array,
  transport: Transport,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

interface Client {
  messages: MessageSplitter;
  waiting: number;
  queue: Uint8Array[];
}

/** Sockets at 127.0.0.11:53 inside of one namespace, over UDP and TCP. */
export class NameServer {
  readonly namespace: number;
  readonly #respond: Respond;
  #udp: udp.Socket<"buffer"> | undefined;
  #tcp: TCPSocketListener<Client> | undefined;
  #connections = 0;

  private constructor(namespace: number, respond: Respond) {
    this.namespace = namespace;
    this.#respond = respond;
  }

  /** Listens in the namespace at `path`. Nothing is left when it throws. */
  static async listen(path: string, respond: Respond): Promise<NameServer> {
    const server = new NameServer(openNetworkNamespace(path), respond);
    try {
      await server.#bind();
      return server;
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** The namespace may go then. */
  close(): void {
    this.#udp?.close();
    this.#tcp?.stop(true);
    closeNamespace(this.namespace);
  }

  async #bind(): Promise<void> {
    const pending = inNetworkNamespace(this.namespace, () => {
      const opening = Bun.udpSocket({
        hostname: ADDRESS,
        port: PORT,
        socket: {
          data: (socket, bytes, port, address) => this.#datagram(socket, bytes, port, address),
          // What the network says about one datagram is no reason to stop.
          error: () => {},
        },
      });
      this.#tcp = Bun.listen<Client>({ hostname: ADDRESS, port: PORT, socket: this.#handlers() });
      return opening;
    });
    this.#udp = await pending;
  }

  #datagram(socket: udp.Socket<"buffer">, bytes: Uint8Array, port: number, address: string): void {
    const send = (answer: Uint8Array | undefined): void => {
      if (answer !== undefined && !socket.closed) socket.send(answer, port, address);
    };
    const answer = this.#safely(bytes, "udp");
    if (answer instanceof Promise) answer.then(send, () => {});
    else send(answer);
  }

  #safely(bytes: Uint8Array, transport: Transport): ReturnType<Respond> {
    // An answer is never answered: two name servers would keep each other busy.
    if (bytes.length < HEADER_BYTES || isResponse(bytes)) return undefined;
    try {
      return this.#respond(new Uint8Array(bytes), transport);
    } catch {
      return emptyAnswer(bytes, Rcode.serverFailure);
    }
  }

  #handlers() {
    return {
      open: (socket: Socket<Client>): void => {
        this.#connections += 1;
        socket.data = { messages: new MessageSplitter(), waiting: 0, queue: [] };
        socket.timeout(IDLE_SECONDS);
        if (this.#connections > MAX_CONNECTIONS) socket.terminate();
      },
      close: (): void => {
        this.#connections -= 1;
      },
      data: (socket: Socket<Client>, chunk: Uint8Array): void => {
        for (const message of socket.data.messages.push(chunk)) this.#message(socket, message);
      },
      drain: (socket: Socket<Client>): void => flush(socket),
      timeout: (socket: Socket<Client>): void => socket.terminate(),
      error: (socket: Socket<Client>): void => socket.terminate(),
    };
  }

  #message(socket: Socket<Client>, message: Uint8Array): void {
    const { data } = socket;
    if (data.waiting >= MAX_PIPELINED || data.queue.length >= MAX_PIPELINED) {
      socket.terminate();
      return;
    }
    data.waiting += 1;
    const send = (answer: Uint8Array | undefined): void => {
      data.waiting -= 1;
      if (answer === undefined) return;
      data.queue.push(frame(answer));
      flush(socket);
    };
    const answer = this.#safely(message, "tcp");
    if (answer instanceof Promise) answer.then(send, () => send(undefined));
    else send(answer);
  }
}

function flush(socket: Socket<Client>): void {
  const { queue } = socket.data;
  for (let chunk = queue[0]; chunk !== undefined; chunk = queue[0]) {
    const written = Math.max(0, socket.write(chunk));
    if (written < chunk.length) {
      queue[0] = chunk.subarray(written);
      return;
    }
    queue.shift();
  }
}
