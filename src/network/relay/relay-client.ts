import { mkdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { NamedSandbox } from "../dns/named-sandbox.ts";
import {
  type EndpointHolds,
  type HoldFailure,
  type HoldRequest,
  LineSplitter,
  type RelayAnswer,
  type RelayReport,
  type RelayRequest,
  relaySocketPath,
} from "./protocol.ts";

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;
type Accepted = RelayAnswer & { ok: true };

interface Pending {
  resolve: (answer: RelayAnswer) => void;
  reject: (error: Error) => void;
}

/** The relay refused to hold a port. */
export class HoldRefused extends Error {
  readonly failure: HoldFailure;

  constructor(failure: HoldFailure) {
    super(`cannot hold ${failure.hostIp}:${failure.port}: ${failure.reason}`);
    this.name = "HoldRefused";
    this.failure = failure;
  }
}

/** The relay could not do what it was asked for. */
class RelayFailed extends Error {}

export interface RelayClientOptions {
  execRoot: string;
  command: readonly string[];
  /** What the relay has to hold, for one that was started in place of one that died. */
  wanted: () => EndpointHolds[];
  /** Whose names it has to serve. */
  wantedNames?: () => NamedSandbox[];
}

/** One connection to a relay; requests are answered in order of their ids. */
class Connection {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  closed = false;

  constructor(socket: Socket, onClose: () => void) {
    this.#socket = socket;
    const lines = new LineSplitter();
    socket.on("data", (bytes) => {
      for (const line of lines.push(bytes)) this.#settle(JSON.parse(line) as RelayAnswer);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      for (const { reject } of this.#pending.values()) reject(new Error("port relay: went away"));
      this.#pending.clear();
      onClose();
    });
    // The relay alone is no reason for the daemon to stay.
    socket.unref();
  }

  request(request: Unnumbered<RelayRequest>): Promise<RelayAnswer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.ref();
      this.#socket.write(`${JSON.stringify({ ...request, id })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(answer: RelayAnswer): void {
    this.#pending.get(answer.id)?.resolve(answer);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#socket.unref();
  }
}

/**
 * The daemon's side of the port relay: starts it with the first port, and again when it dies while ports
 * are published.
 */
export class RelayClient {
  readonly #options: RelayClientOptions;
  #connection: Promise<Connection> | undefined;
  #closing = false;

  constructor(options: RelayClientOptions) {
    this.#options = options;
  }

  /**
   * @param from an endpoint whose ports pass over to this one
   * @returns one port per request
   * @throws HoldRefused
   */
  async hold(endpoint: string, requests: HoldRequest[], from?: string): Promise<number[]> {
    const giver = from === undefined ? {} : { from };
    return (await this.#request({ operation: "hold", endpoint, requests, ...giver })).ports;
  }

  async release(endpoint: string): Promise<void> {
    // A relay that is not there holds nothing.
    if ((await this.#existing()) === undefined) return;
    await this.#request({ operation: "release", endpoint });
  }

  /** Names in a namespace; they are answered when this resolves. */
  async name(sandbox: NamedSandbox): Promise<void> {
    await this.#request({ operation: "name", sandbox });
  }

  /** As `name`, where there is a relay; one that is started later is told of everything. */
  async nameIfThere(sandbox: NamedSandbox): Promise<void> {
    if ((await this.#existing()) !== undefined) await this.#request({ operation: "name", sandbox });
  }

  async unname(sandbox: string): Promise<void> {
    if ((await this.#existing()) === undefined) return;
    await this.#request({ operation: "unname", sandbox });
  }

  /** Makes the relay hold what is wanted and nothing else. Starts none for nothing. */
  async reconcile(): Promise<(HoldFailure & { endpoint: string })[]> {
    if (this.#idle && (await this.#existing()) === undefined) return [];
    return (await this.#request({ operation: "adopt", ...this.wanted() })).failures;
  }

  /** What the relay has; undefined when one of an earlier version runs, which cannot tell. */
  async report(): Promise<RelayReport | undefined> {
    if ((await this.#existing()) === undefined) return { endpoints: [], names: [] };
    return (await this.#request({ operation: "report" })).report;
  }

  /** What the relay is to have. */
  wanted(): RelayReport {
    return { endpoints: this.#options.wanted(), names: this.#options.wantedNames?.() ?? [] };
  }

  get #idle(): boolean {
    const { endpoints, names } = this.wanted();
    return endpoints.length + names.length === 0;
  }

  /** Ends a relay that holds nothing, and takes its files away. */
  async end(): Promise<void> {
    if ((await this.#existing()) !== undefined) await this.#request({ operation: "end" });
    const { execRoot } = this.#options;
    for (const path of [relaySocketPath(execRoot), relayLogPath(execRoot)]) {
      rmSync(path, { force: true });
    }
  }

  close(): void {
    this.#closing = true;
    this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  async #request(request: Unnumbered<RelayRequest>): Promise<Accepted> {
    for (let attempt = 1; ; attempt++) {
      try {
        const connection = await this.#connected();
        const answer = await connection.request(request);
        if (!answer.ok) {
          if ("error" in answer) throw new RelayFailed(answer.error);
          throw new HoldRefused(answer.failure);
        }
        return answer;
      } catch (error) {
        // It may have ended for lack of work in the very moment; requests can be repeated.
        const final = error instanceof HoldRefused || error instanceof RelayFailed;
        if (final || attempt === 3) throw error;
      }
    }
  }

  async #existing(): Promise<Connection | undefined> {
    if (this.#connection !== undefined) return await this.#connection;
    const socket = await connectTo(relaySocketPath(this.#options.execRoot));
    if (socket === undefined) return undefined;
    // Somebody else may have connected meanwhile.
    if (this.#connection !== undefined) {
      socket.destroy();
      return await this.#connection;
    }
    this.#connection = Promise.resolve(this.#adoptSocket(socket));
    return await this.#connection;
  }

  #connected(): Promise<Connection> {
    this.#connection ??= this.#open().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #open(): Promise<Connection> {
    const path = relaySocketPath(this.#options.execRoot);
    const present = await connectTo(path);
    if (present !== undefined) return this.#adoptSocket(present);
    await startRelay(this.#options);
    const socket = await connectTo(path);
    if (socket === undefined) throw new Error(`Cannot start the port relay: nobody at "${path}"`);
    const connection = this.#adoptSocket(socket);
    if (!this.#idle) await connection.request({ operation: "adopt", ...this.wanted() });
    return connection;
  }

  #adoptSocket(socket: Socket): Connection {
    const connection = new Connection(socket, () => {
      this.#connection = undefined;
      if (this.#closing || this.#idle) return;
      // It died with ports in its hands: another one takes them at once.
      this.#connected().catch(() => {});
    });
    return connection;
  }
}

function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

/** What a relay that dies has to say. */
const relayLogPath = (execRoot: string): string => `${execRoot}/port-relay.log`;

/** Resolves when the relay listens. It is not this process's to end. */
async function startRelay({ execRoot, command }: RelayClientOptions): Promise<void> {
  mkdirSync(execRoot, { recursive: true });
  const relay = Bun.spawn([...command], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", Bun.file(relayLogPath(execRoot))],
  });
  relay.unref();
  const reader = relay.stdout.getReader();
  const { done } = await reader.read();
  await reader.cancel();
  if (done) throw new Error(`Cannot start the port relay: it ended with ${await relay.exited}`);
}
