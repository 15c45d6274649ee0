import type { EndpointHolds, HoldFailure, HoldRequest, RelayTarget } from "./protocol.ts";
import { listenTcp, type TcpTarget } from "./tcp-relay.ts";
import { UdpRelay } from "./udp-relay.ts";

interface Held {
  protocol: HoldRequest["protocol"];
  hostIp: string;
  port: number;
  close(): void;
}

interface Endpoint {
  /** With ports as they were chosen. */
  requests: HoldRequest[];
  held: Held[];
  ports: number[];
}

/** A port that could not be had; carries what the daemon's message needs. */
export class HoldError extends Error {
  readonly failure: HoldFailure;

  constructor(failure: HoldFailure) {
    super(`${failure.hostIp}:${failure.port}: ${failure.reason}`);
    this.name = "HoldError";
    this.failure = failure;
  }
}

/** How often a free port that the kernel chose for one address may turn out taken at another one. */
const EPHEMERAL_ATTEMPTS = 64;
const ANY = new Set(["0.0.0.0", "::"]);

const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);
const reasonOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);

/** The container's address of the host address's family, or of the other one if it has only that. */
function targetFor(hostIp: string, target: RelayTarget): TcpTarget {
  const [same, other] =
    familyOf(hostIp) === 4 ? [target.ipv4, target.ipv6] : [target.ipv6, target.ipv4];
  return { hostname: same ?? other ?? "127.0.0.1", port: target.port };
}

/** Every port that this process holds, by endpoint. */
export class PortHolder {
  readonly #endpoints = new Map<string, Endpoint>();

  get empty(): boolean {
    return this.#endpoints.size === 0;
  }

  /**
   * Holds all or none; what the endpoint held before is let go first.
   * @returns one port per request
   * @throws HoldError
   */
  async hold(endpoint: string, requests: readonly HoldRequest[]): Promise<number[]> {
    this.release(endpoint);
    const entry: Endpoint = { requests: [], held: [], ports: [] };
    // Known before the first port is bound, so that parallel requests see each other's ports.
    this.#endpoints.set(endpoint, entry);
    try {
      for (const [index, request] of requests.entries()) {
        const port = await this.#holdOne(entry, request, index);
        entry.ports.push(port);
        entry.requests.push({ ...request, first: port, last: port });
      }
    } catch (error) {
      this.release(endpoint);
      throw error;
    }
    if (requests.length === 0) this.#endpoints.delete(endpoint);
    return entry.ports;
  }

  release(endpoint: string): void {
    const entry = this.#endpoints.get(endpoint);
    this.#endpoints.delete(endpoint);
    for (const held of entry?.held ?? []) held.close();
  }

  /** Holds exactly these endpoints; what is right already is not touched. */
  async adopt(
    endpoints: readonly EndpointHolds[],
  ): Promise<(HoldFailure & { endpoint: string })[]> {
    const wanted = new Map(endpoints.map(({ endpoint, requests }) => [endpoint, requests]));
    for (const [endpoint, { requests }] of [...this.#endpoints]) {
      if (!Bun.deepEquals(wanted.get(endpoint), requests)) this.release(endpoint);
    }
    const failures: (HoldFailure & { endpoint: string })[] = [];
    for (const [endpoint, requests] of wanted) {
      if (this.#endpoints.has(endpoint)) continue;
      try {
        await this.hold(endpoint, requests);
      } catch (error) {
        if (!(error instanceof HoldError)) throw error;
        failures.push({ ...error.failure, endpoint });
      }
    }
    return failures;
  }

  async #holdOne(entry: Endpoint, request: HoldRequest, index: number): Promise<number> {
    if (request.first === 0) return await this.#holdAny(entry, request, index);
    let failure: HoldFailure | undefined;
    for (let port = request.first; port <= request.last; port++) {
      failure = await this.#tryPort(entry, request, index, port);
      if (failure === undefined) return port;
    }
    const first = failure ?? { request: index, hostIp: "", port: request.first, reason: "EINVAL" };
    const range = request.last > request.first && first.reason === "allocated";
    throw new HoldError(range ? { ...first, reason: "all-allocated" } : first);
  }

  /** Any port that is free at every address. */
  async #holdAny(entry: Endpoint, request: HoldRequest, index: number): Promise<number> {
    const [first = "0.0.0.0", ...others] = request.hostIps;
    for (let attempt = 1; ; attempt++) {
      const chosen = await this.#bind(request, first, 0).catch((error: unknown) => {
        throw new HoldError({ request: index, hostIp: first, port: 0, reason: reasonOf(error) });
      });
      const rest = { ...request, hostIps: others };
      const failure = await this.#tryPort(entry, rest, index, chosen.port);
      if (failure === undefined) {
        entry.held.push(chosen);
        return chosen.port;
      }
      chosen.close();
      if (attempt === EPHEMERAL_ATTEMPTS) throw new HoldError(failure);
    }
  }

  /** Binds one port at all addresses of a request, or tells why not and binds none. */
  async #tryPort(
    entry: Endpoint,
    request: HoldRequest,
    index: number,
    port: number,
  ): Promise<HoldFailure | undefined> {
    const bound: Held[] = [];
    for (const hostIp of request.hostIps) {
      const failed = (reason: string): HoldFailure => {
        for (const held of bound) held.close();
        return { request: index, hostIp, port, reason };
      };
      if (this.#heldByUs(request.protocol, hostIp, port)) return failed("allocated");
      try {
        bound.push(await this.#bind(request, hostIp, port));
      } catch (error) {
        return failed(reasonOf(error));
      }
    }
    entry.held.push(...bound);
    return undefined;
  }

  async #bind(request: HoldRequest, hostIp: string, port: number): Promise<Held> {
    const target = targetFor(hostIp, request.target);
    const { protocol } = request;
    if (protocol === "tcp") {
      const listener = listenTcp(hostIp, port, target);
      return { protocol, hostIp, port: listener.port, close: () => listener.stop(true) };
    }
    if (protocol === "udp") {
      const relay = await UdpRelay.listen(hostIp, port, target);
      return { protocol, hostIp, port: relay.port, close: () => relay.close() };
    }
    if (port === 0) throw Object.assign(new Error("no ephemeral SCTP ports"), { code: "ENOTSUP" });
    // There are no SCTP sockets here: the port is held against other containers only.
    return { protocol, hostIp, port, close: () => {} };
  }

  #heldByUs(protocol: string, hostIp: string, port: number): boolean {
    const collides = (held: Held): boolean =>
      held.protocol === protocol &&
      held.port === port &&
      familyOf(held.hostIp) === familyOf(hostIp) &&
      (held.hostIp === hostIp || ANY.has(held.hostIp) || ANY.has(hostIp));
    return [...this.#endpoints.values()].some(({ held }) => held.some(collides));
  }
}
