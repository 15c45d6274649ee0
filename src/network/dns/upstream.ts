import { randomInt } from "node:crypto";
import { inNetworkNamespace } from "../../linux/namespace.ts";
import { isResponse, messageId, questionEnd, Rcode, rcodeOf, setId } from "./message-bytes.ts";
import type { UpstreamServer } from "./named-sandbox.ts";
import { frame, MessageSplitter } from "./stream-messages.ts";

const DNS_PORT = 53;
/** resolv.conf(5): clients themselves give up after five seconds. */
const TIMEOUT_MS = 1500;
const MAX_SERVERS = 3;
/** Questions on their way at once; each has a socket of its own. */
const MAX_PENDING = 1024;
/** How long a server that did not answer is asked after the others. */
const SHUNNED_MS = 10_000;
/** The name server's own address: asking it from inside would be asking ourselves. */
const OWN_ADDRESS = "127.0.0.11";

export type Transport = "udp" | "tcp";

type Ask = (
  query: Uint8Array,
  hostname: string,
  within: <T>(open: () => T) => T,
) => Promise<Uint8Array | undefined>;

/** Other name servers, asked one after the other. */
export class Upstream {
  readonly #shunned = new Map<string, number>();
  readonly #port: number;
  readonly #timeout: number;
  #pending = 0;

  constructor({ port = DNS_PORT, timeoutMs = TIMEOUT_MS } = {}) {
    this.#port = port;
    this.#timeout = timeoutMs;
  }

  /**
   * The first answer that is one, with the query's id; undefined when there is none. Every question has a
   * random id and port, and counts only from whom it was sent to and with the same question: that is what
   * makes answers hard to forge (RFC 5452).
   */
  async ask(
    query: Uint8Array,
    servers: readonly UpstreamServer[],
    namespace: number,
    transport: Transport,
  ): Promise<Uint8Array | undefined> {
    if (this.#pending >= MAX_PENDING) return undefined;
    this.#pending += 1;
    let last: Uint8Array | undefined;
    try {
      for (const server of this.#inOrder(servers)) {
        const answer = await this.#askOne(query, server, namespace, transport);
        const key = serverKey(server);
        if (answer === undefined) this.#shunned.set(key, performance.now() + SHUNNED_MS);
        else this.#shunned.delete(key);
        if (answer === undefined) continue;
        last = answer;
        const rcode = rcodeOf(answer);
        if (rcode !== Rcode.serverFailure && rcode !== Rcode.refused) break;
      }
    } finally {
      this.#pending -= 1;
    }
    if (last !== undefined) setId(last, messageId(query));
    return last;
  }

  #inOrder(servers: readonly UpstreamServer[]): UpstreamServer[] {
    const now = performance.now();
    const late = (server: UpstreamServer): number =>
      (this.#shunned.get(serverKey(server)) ?? 0) > now ? 1 : 0;
    return servers
      .filter(({ address, host }) => host || address !== OWN_ADDRESS)
      .slice(0, MAX_SERVERS)
      .sort((a, b) => late(a) - late(b));
  }

  async #askOne(
    query: Uint8Array,
    { address, host }: UpstreamServer,
    namespace: number,
    transport: Transport,
  ): Promise<Uint8Array | undefined> {
    const mine = new Uint8Array(query);
    setId(mine, randomInt(0x10000));
    const ask = transport === "udp" ? this.#udp : this.#tcp;
    try {
      return await ask(mine, address, (open) =>
        host ? open() : inNetworkNamespace(namespace, open),
      );
    } catch {
      // No route, or nobody there: the next one.
      return undefined;
    }
  }

  readonly #udp: Ask = async (query, hostname, within) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    const socket = await within(() =>
      Bun.udpSocket({
        // A socket is of one family from the start: IPv4 unless it is said.
        hostname: hostname.includes(":") ? "::" : "0.0.0.0",
        connect: { hostname, port: this.#port },
        socket: {
          data: (_, bytes) => {
            if (answers(query, bytes)) resolve(new Uint8Array(bytes));
          },
          error: () => resolve(undefined),
        },
      }),
    );
    const timer = setTimeout(() => resolve(undefined), this.#timeout);
    try {
      socket.send(query);
      return await promise;
    } finally {
      clearTimeout(timer);
      socket.close();
    }
  };

  readonly #tcp: Ask = async (query, hostname, within) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    const messages = new MessageSplitter();
    const timer = setTimeout(() => resolve(undefined), this.#timeout);
    const connecting = within(() =>
      Bun.connect({
        hostname,
        port: this.#port,
        socket: {
          open: (socket) => {
            // A query fits into the buffer of a socket that is new.
            socket.write(frame(query));
          },
          data: (_, bytes) => {
            for (const message of messages.push(bytes)) {
              if (answers(query, message)) resolve(message);
            }
          },
          close: () => resolve(undefined),
          connectError: () => resolve(undefined),
        },
      }),
    );
    connecting.catch(() => resolve(undefined));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      connecting.then(
        (socket) => socket.terminate(),
        () => {},
      );
    }
  };
}

const serverKey = ({ address, host }: UpstreamServer): string =>
  host ? `host ${address}` : address;

/** Is this an answer to the query: same id, same question? */
function answers(query: Uint8Array, bytes: Uint8Array): boolean {
  if (bytes.length < 12 || !isResponse(bytes) || messageId(bytes) !== messageId(query))
    return false;
  const end = questionEnd(query);
  if (end === undefined || questionEnd(bytes) !== end) return false;
  return Buffer.compare(query.subarray(12, end), bytes.subarray(12, end)) === 0;
}
