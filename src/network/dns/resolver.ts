import { AnswerCache } from "./answer-cache.ts";
import { LocalAnswers, parseQuery, type Query, udpLimit } from "./local-answer.ts";
import { emptyAnswer, messageId, opcodeOf, questionEnd, Rcode, setId } from "./message-bytes.ts";
import { NameServer } from "./name-server.ts";
import { NameTable } from "./name-table.ts";
import type { NamedSandbox } from "./named-sandbox.ts";
import { type Transport, Upstream } from "./upstream.ts";

interface Served {
  sandbox: NamedSandbox;
  server: NameServer;
}

/** Name servers for the namespaces of one daemon's user-defined networks. */
export class Resolver {
  readonly #table = new NameTable();
  readonly #local = new LocalAnswers(this.#table);
  readonly #served = new Map<string, Served>();
  /** Names of other hosts' containers. */
  readonly #remote = new Map<string, NamedSandbox>();
  /** Questions on their way, so that a crowd of equal ones is one. */
  readonly #asked = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #cache: AnswerCache;
  readonly #upstream: Upstream;

  constructor(upstream = new Upstream(), cache = new AnswerCache()) {
    this.#upstream = upstream;
    this.#cache = cache;
  }

  get empty(): boolean {
    return this.#served.size === 0;
  }

  /** Whose names are served, as they were told. */
  sandboxes(): NamedSandbox[] {
    const served = [...this.#served.values()].map(({ sandbox }) => sandbox);
    return [...served, ...this.#remote.values()];
  }

  /** Serves a sandbox, or takes over its changed names and servers. */
  async put(sandbox: NamedSandbox): Promise<void> {
    const present = this.#served.get(sandbox.id);
    if (sandbox.remote === true) this.#remote.set(sandbox.id, sandbox);
    else if (present !== undefined) present.sandbox = sandbox;
    else if (sandbox.namespace !== undefined) {
      const id = sandbox.id;
      const server = await NameServer.listen(sandbox.namespace, (query, transport) =>
        this.#respond(id, query, transport),
      );
      this.#served.set(id, { sandbox, server });
    } else return;
    this.#table.put(sandbox);
  }

  delete(id: string): void {
    this.#served.get(id)?.server.close();
    this.#served.delete(id);
    this.#remote.delete(id);
    this.#table.delete(id);
  }

  /** Serves exactly these; sockets that are there already stay. Tells what could not be served. */
  async adopt(sandboxes: readonly NamedSandbox[]): Promise<string[]> {
    const wanted = new Set(sandboxes.map(({ id }) => id));
    for (const id of [...this.#served.keys(), ...this.#remote.keys()]) {
      if (!wanted.has(id)) this.delete(id);
    }
    const failures: string[] = [];
    for (const sandbox of sandboxes) {
      await this.put(sandbox).catch((error: unknown) => failures.push(String(error)));
    }
    return failures;
  }

  #respond(
    id: string,
    bytes: Uint8Array,
    transport: Transport,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const served = this.#served.get(id);
    if (served === undefined) return undefined;
    if (opcodeOf(bytes) !== 0) return emptyAnswer(bytes, Rcode.notImplemented);
    const query = parseQuery(bytes);
    if (query === undefined) return emptyAnswer(bytes, Rcode.formatError);
    const local = this.#local.answer(served.sandbox, query, bytes);
    if (local !== undefined) return fit(local, query, bytes, transport);
    return this.#forward(served, query, bytes, transport);
  }

  #forward(
    { sandbox, server }: Served,
    query: Query,
    bytes: Uint8Array,
    transport: Transport,
  ): Uint8Array | Promise<Uint8Array> {
    const { servers } = sandbox.upstream;
    if (servers.length === 0) return emptyAnswer(bytes, Rcode.serverFailure);
    const inside = servers.some(({ host }) => !host) ? sandbox.id : "";
    const question = Buffer.from(bytes.subarray(2, questionEnd(bytes))).toString("latin1");
    const edns = query.ednsBytes === undefined ? "" : bytes.subarray(-11).toHex();
    // What a server says to one namespace may not be what it says to another one.
    const where = `${inside} ${servers.map(({ address }) => address).join(" ")}`;
    const key = `${where} ${question} ${edns}`;
    const known = this.#cache.get(key, query.id);
    if (known !== undefined) return fit(known, query, bytes, transport);
    const flight = `${transport} ${key}`;
    let asked = this.#asked.get(flight);
    if (asked === undefined) {
      asked = this.#upstream.ask(bytes, servers, server.namespace, transport).finally(() => {
        this.#asked.delete(flight);
      });
      this.#asked.set(flight, asked);
    }
    return asked.then((answer) => {
      if (answer === undefined) return emptyAnswer(bytes, Rcode.serverFailure);
      this.#cache.put(key, answer);
      const mine = new Uint8Array(answer);
      setId(mine, messageId(bytes));
      return fit(mine, query, bytes, transport);
    });
  }
}

/** What is too long for UDP says so; the client comes again over TCP. */
function fit(
  answer: Uint8Array,
  query: Query,
  bytes: Uint8Array,
  transport: Transport,
): Uint8Array {
  if (transport === "tcp" || answer.length <= udpLimit(query)) return answer;
  return emptyAnswer(bytes, Rcode.noError, true);
}
