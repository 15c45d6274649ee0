import { bindSocket } from "../../linux/bound-socket.ts";
import type { EndpointHolds, HoldFailure, HoldRequest, RelayTarget } from "./protocol.ts";
import { listenTcp, type TcpTarget } from "./tcp-relay.ts";
import { UdpRelay } from "./udp-relay.ts";

interface Held {
  protocol: HoldRequest["protocol"];
  hostIp: string;
  port: number;
  /** Read anew for each client. */
  target: TcpTarget;
  /** Who talks to the former target looks for the new one. */
  retarget(): void;
  close(): void;
}

interface Endpoint {
  /** With ports as they were chosen. */
  requests: HoldRequest[];
  held: Held[];
  ports: number[];
  /** Of what was held before, what nobody has asked for again yet. */
  spare: Held[];
  /** What was let go because it was in the way: an address of it instead of all, or all instead of one. */
  yielded: Held[];
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

/** What the endpoint holds already, if it is exactly this. */
function takeSpare(
  entry: Endpoint,
  protocol: HoldRequest["protocol"],
  hostIp: string,
  port: number,
): Held | undefined {
  const index = entry.spare.findIndex(
    (held) => held.protocol === protocol && held.hostIp === hostIp && held.port === port,
  );
  return index < 0 ? undefined : entry.spare.splice(index, 1)[0];
}

function isInTheWay(
  held: Held,
  protocol: HoldRequest["protocol"],
  hostIp: string,
  port: number,
): boolean {
  return (
    held.protocol === protocol &&
    held.port === port &&
    familyOf(held.hostIp) === familyOf(hostIp) &&
    (held.hostIp === hostIp || ANY.has(held.hostIp) || ANY.has(hostIp))
  );
}

function yieldSpare(
  entry: Endpoint,
  protocol: HoldRequest["protocol"],
  hostIp: string,
  port: number,
): void {
  const inTheWay = entry.spare.filter((held) => isInTheWay(held, protocol, hostIp, port));
  for (const held of inTheWay) held.close();
  entry.spare = entry.spare.filter((held) => !inTheWay.includes(held));
  entry.yielded.push(...inTheWay);
}

/** Lets what is held for a request lead to where that says. */
function redirect(entry: Endpoint, index: number, request: HoldRequest): void {
  const port = entry.ports[index];
  for (const held of entry.held) {
    if (held.protocol !== request.protocol || held.port !== port) continue;
    if (!request.hostIps.includes(held.hostIp)) continue;
    const target = targetFor(held.hostIp, request.target);
    if (Bun.deepEquals(held.target, target)) continue;
    Object.assign(held.target, target);
    held.retarget();
  }
}

/** Every port that this process holds, by endpoint. */
export class PortHolder {
  readonly #endpoints = new Map<string, Endpoint>();

  get empty(): boolean {
    return this.#endpoints.size === 0;
  }

  /** With ports as they were chosen; an address whose socket is gone is left out. */
  holds(): EndpointHolds[] {
    return [...this.#endpoints].map(([endpoint, { requests, held }]) => ({
      endpoint,
      requests: requests.map((request) => ({
        ...request,
        hostIps: request.hostIps.filter((hostIp) =>
          held.some(
            (one) =>
              one.protocol === request.protocol &&
              one.hostIp === hostIp &&
              one.port === request.first,
          ),
        ),
      })),
    }));
  }

  /**
   * Holds all or none, in place of what the endpoint, and `from`, held before. A port that is kept is not
   * let go for a moment, wherever it leads to; when this throws, everything is as it was.
   * @returns one port per request
   * @throws HoldError
   */
  async hold(
    endpoint: string,
    requests: readonly HoldRequest[],
    from: string = endpoint,
  ): Promise<number[]> {
    const before = new Map(
      [endpoint, from].flatMap((name) => {
        const known = this.#endpoints.get(name);
        return known === undefined ? [] : [[name, known] as const];
      }),
    );
    const spare = [...before.values()].flatMap(({ held }) => held);
    const entry: Endpoint = { requests: [], held: [], ports: [], spare, yielded: [] };
    this.#endpoints.delete(from);
    // Known before the first port is bound, so that parallel requests see each other's ports.
    this.#endpoints.set(endpoint, entry);
    try {
      for (const [index, request] of requests.entries()) {
        const port = await this.#holdOne(entry, request, index);
        entry.ports.push(port);
        entry.requests.push({ ...request, first: port, last: port });
      }
    } catch (error) {
      await this.#restore(endpoint, before, entry);
      throw error;
    }
    for (const held of entry.spare.splice(0)) held.close();
    for (const [index, request] of requests.entries()) redirect(entry, index, request);
    if (requests.length === 0) this.#endpoints.delete(endpoint);
    return entry.ports;
  }

  async #restore(
    endpoint: string,
    before: ReadonlyMap<string, Endpoint>,
    failed: Endpoint,
  ): Promise<void> {
    const owned = [...before.values()].flatMap(({ held }) => held);
    for (const held of failed.held) if (!owned.includes(held)) held.close();
    this.#endpoints.delete(endpoint);
    for (const [name, known] of before) {
      this.#endpoints.set(name, known);
      const yielded = known.held.filter((held) => failed.yielded.includes(held));
      known.held = known.held.filter((held) => !yielded.includes(held));
      for (const { protocol, hostIp, port, target } of yielded) {
        const again = await this.#bind(protocol, hostIp, port, target).catch(() => undefined);
        if (again !== undefined) known.held.push(again);
      }
    }
  }

  release(endpoint: string): void {
    const entry = this.#endpoints.get(endpoint);
    this.#endpoints.delete(endpoint);
    for (const held of [...(entry?.held ?? []), ...(entry?.spare ?? [])]) held.close();
  }

  /** Holds exactly these endpoints; what is right already is not touched. */
  async adopt(
    endpoints: readonly EndpointHolds[],
  ): Promise<(HoldFailure & { endpoint: string })[]> {
    const wanted = new Map(endpoints.map(({ endpoint, requests }) => [endpoint, requests]));
    for (const endpoint of [...this.#endpoints.keys()]) {
      if (!wanted.has(endpoint)) this.release(endpoint);
    }
    const failed: [string, HoldRequest[]][] = [];
    for (const [endpoint, requests] of wanted) {
      if (Bun.deepEquals(this.#endpoints.get(endpoint)?.requests, requests)) continue;
      const failure = await this.#tryHold(endpoint, requests);
      if (failure !== undefined) failed.push([endpoint, requests]);
    }
    // Another endpoint may have had a port that it has let go only now.
    const failures: (HoldFailure & { endpoint: string })[] = [];
    for (const [endpoint, requests] of failed) {
      const failure = await this.#tryHold(endpoint, requests);
      if (failure === undefined) continue;
      failures.push({ ...failure, endpoint });
      this.release(endpoint);
    }
    return failures;
  }

  async #tryHold(endpoint: string, requests: HoldRequest[]): Promise<HoldFailure | undefined> {
    try {
      await this.hold(endpoint, requests);
      return undefined;
    } catch (error) {
      if (!(error instanceof HoldError)) throw error;
      return error.failure;
    }
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
      const { protocol, target } = request;
      const chosen = await this.#bind(protocol, first, 0, targetFor(first, target)).catch(
        (error: unknown) => {
          throw new HoldError({ request: index, hostIp: first, port: 0, reason: reasonOf(error) });
        },
      );
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
    const kept: Held[] = [];
    for (const hostIp of request.hostIps) {
      const failed = (reason: string): HoldFailure => {
        for (const held of bound) held.close();
        entry.spare.push(...kept);
        return { request: index, hostIp, port, reason };
      };
      const again = takeSpare(entry, request.protocol, hostIp, port);
      if (again !== undefined) {
        kept.push(again);
        continue;
      }
      yieldSpare(entry, request.protocol, hostIp, port);
      if (this.#heldByUs(request.protocol, hostIp, port)) return failed("allocated");
      try {
        const target = targetFor(hostIp, request.target);
        bound.push(await this.#bind(request.protocol, hostIp, port, target));
      } catch (error) {
        return failed(reasonOf(error));
      }
    }
    entry.held.push(...bound, ...kept);
    return undefined;
  }

  async #bind(
    protocol: HoldRequest["protocol"],
    hostIp: string,
    port: number,
    target: TcpTarget,
  ): Promise<Held> {
    if (protocol === "tcp") {
      const listener = listenTcp(hostIp, port, target);
      // A connection that is established goes on as it is.
      const close = () => listener.stop(true);
      return { protocol, hostIp, port: listener.port, target, retarget: () => {}, close };
    }
    if (protocol === "udp") {
      const relay = await UdpRelay.listen(hostIp, port, target);
      const retarget = () => relay.forgetSessions();
      return { protocol, hostIp, port: relay.port, target, retarget, close: () => relay.close() };
    }
    // Nothing is relayed: the packet rules alone lead to the container.
    const socket = bindSocket("sctp", hostIp, port);
    const close = () => socket.close();
    return { protocol, hostIp, port: socket.port, target, retarget: () => {}, close };
  }

  #heldByUs(protocol: HoldRequest["protocol"], hostIp: string, port: number): boolean {
    const collides = (held: Held): boolean => isInTheWay(held, protocol, hostIp, port);
    return [...this.#endpoints.values()].some(({ held, spare }) =>
      [...held, ...spare].some(collides),
    );
  }
}
