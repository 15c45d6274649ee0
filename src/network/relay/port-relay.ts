import { chmodSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { errorMessage } from "../../spec/index.ts";
import { Resolver } from "../dns/resolver.ts";
import { HoldError, PortHolder } from "./port-holder.ts";
import {
  type HoldFailure,
  LineSplitter,
  type RelayAnswer,
  type RelayRequest,
  relaySocketPath,
} from "./protocol.ts";

/** How long a relay that holds nothing waits for the next port. */
const LINGER_MS = 2_000;

export interface PortRelayOptions {
  execRoot: string;
  lingerMs?: number;
  /** Called when it listens. */
  ready?: () => void;
}

/**
 * The port relay: holds the published ports of one daemon and answers for the names of its containers. It
 * outlives the daemon, and ends by itself a while after it has nothing to do any more. Its only state is
 * its open sockets, and the names.
 */
class PortRelay {
  readonly #holder = new PortHolder();
  readonly #resolver = new Resolver();
  readonly #socketPath: string;
  readonly #lingerMs: number;
  #queue: Promise<void> = Promise.resolve();
  #linger: Timer | undefined;
  #end: () => void = () => {};

  constructor(options: PortRelayOptions) {
    this.#socketPath = relaySocketPath(options.execRoot);
    this.#lingerMs = options.lingerMs ?? LINGER_MS;
  }

  /** Resolves when nothing was held for the time of grace. */
  async run(ready: () => void): Promise<void> {
    const server = createServer((connection) => this.#serve(connection));
    const temporary = `${this.#socketPath}.${process.pid}`;
    await listen(server, temporary);
    chmodSync(temporary, 0o600);
    // In one step: whoever finds the name finds a relay that answers.
    renameSync(temporary, this.#socketPath);
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.#watchEmptiness();
    ready();
    await ended;
    server.close();
  }

  #serve(connection: Socket): void {
    const lines = new LineSplitter();
    connection.on("error", () => connection.destroy());
    connection.on("data", (bytes) => {
      for (const line of lines.push(bytes)) {
        // One after the other, so that two requests for one port cannot both find it free.
        this.#queue = this.#queue.then(async () => {
          const request = JSON.parse(line) as RelayRequest;
          const answer = `${JSON.stringify(await this.#answer(request))}\n`;
          if (request.operation === "end" && this.#empty) {
            connection.write(answer, () => this.#end());
            return;
          }
          connection.write(answer);
          this.#watchEmptiness();
        });
      }
    });
  }

  async #answer(request: RelayRequest): Promise<RelayAnswer> {
    const { id } = request;
    try {
      if (request.operation === "hold") {
        const ports = await this.#holder.hold(request.endpoint, request.requests, request.from);
        return { id, ok: true, ports, failures: [] };
      }
      if (request.operation === "report") {
        const report = { endpoints: this.#holder.holds(), names: this.#resolver.sandboxes() };
        return { id, ok: true, ports: [], failures: [], report };
      }
      const failures = await this.#carryOut(request);
      return { id, ok: true, ports: [], failures };
    } catch (error) {
      if (error instanceof HoldError) return { id, ok: false, failure: error.failure };
      return { id, ok: false, error: errorMessage(error) };
    }
  }

  /** What was wanted and cannot be held. */
  async #carryOut(request: RelayRequest): Promise<(HoldFailure & { endpoint: string })[]> {
    switch (request.operation) {
      case "release":
        this.#holder.release(request.endpoint);
        return [];
      case "name":
        await this.#resolver.put(request.sandbox);
        return [];
      case "unname":
        this.#resolver.delete(request.sandbox);
        return [];
      case "adopt": {
        const unnamed = await this.#resolver.adopt(request.names);
        for (const reason of unnamed) process.stderr.write(`${reason}\n`);
        return await this.#holder.adopt(request.endpoints);
      }
      default:
        return [];
    }
  }

  get #empty(): boolean {
    return this.#holder.empty && this.#resolver.empty;
  }

  #watchEmptiness(): void {
    clearTimeout(this.#linger);
    if (!this.#empty) return;
    this.#linger = setTimeout(() => {
      if (this.#empty) this.#end();
    }, this.#lingerMs);
  }
}

async function listen(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

/** Runs until nothing is held any more. */
export async function runPortRelay(options: PortRelayOptions): Promise<void> {
  mkdirSync(options.execRoot, { recursive: true });
  await new PortRelay(options).run(options.ready ?? (() => {}));
}

/**
 * `berth port-relay --exec-root DIR`: writes `ready` to standard output once it listens. Ends with the
 * process, so that no idle connection of a daemon holds it up.
 */
export async function portRelayMain(args: readonly string[]): Promise<never> {
  const index = args.indexOf("--exec-root");
  const execRoot = index < 0 ? undefined : args[index + 1];
  if (execRoot === undefined) {
    process.stderr.write("berth port-relay: --exec-root DIR is needed\n");
    process.exit(125);
  }
  // A terminal's Ctrl-C or hang-up is meant for the daemon.
  for (const signal of ["SIGINT", "SIGHUP", "SIGPIPE"] as const) process.on(signal, () => {});
  await runPortRelay({ execRoot, ready: () => process.stdout.write("ready\n") });
  process.exit(0);
}
