import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { EngineError, errorKind, errorMessage, invalidArgument } from "../spec/index.ts";
import { type ApiAnswer, empty } from "./answer.ts";
import { ApiRequest } from "./api-request.ts";
import { checkVersion, MAXIMUM_VERSION, splitVersion } from "./api-version.ts";
import { httpStatus } from "./http-status.ts";
import type { ResponseSink } from "./response-sink.ts";
import { checkRole, type Role } from "./role.ts";
import type { RouteTable } from "./route.ts";

export type ServerLog = (level: "debug" | "info" | "warn" | "error", message: string) => void;

export interface DispatcherOptions {
  routes: RouteTable;
  /** Sent as `Server: Berth/<version> (linux)`. */
  version: string;
  log: ServerLog;
}

/** What turns a connection into a byte stream; absent where the client did not ask for an upgrade. */
export interface Upgrade {
  hijack(contentType: string, run: (client: Duplex) => Promise<void>): Promise<void>;
  websocket(binary: boolean, run: (client: Duplex) => Promise<void>): Promise<void>;
}

const JSON_HEADERS = { "Content-Type": "application/json" } as const;
const RAW_STREAM = "application/vnd.docker.raw-stream";

/** From a request to its route, and from the route's answer to bytes. Never throws. */
export class Dispatcher {
  readonly #routes: RouteTable;
  readonly #log: ServerLog;
  readonly #common: Readonly<Record<string, string>>;
  /** Aborted when the server closes: ends what would otherwise stream for ever. */
  readonly #closing = new AbortController();

  constructor(options: DispatcherOptions) {
    this.#routes = options.routes;
    this.#log = options.log;
    this.#common = {
      "Api-Version": `1.${MAXIMUM_VERSION}`,
      "Docker-Experimental": "false",
      Ostype: "linux",
      Server: `Berth/${options.version} (linux)`,
    };
  }

  /** Ends every open stream. */
  close(): void {
    this.#closing.abort(new EngineError("unavailable", "the daemon is shutting down"));
  }

  async dispatch(
    message: IncomingMessage,
    sink: ResponseSink,
    role: Role,
    upgrade?: Upgrade,
  ): Promise<void> {
    try {
      const answer = await this.#answer(message, sink, role);
      await this.#write(answer, message, sink, upgrade);
    } catch (error) {
      this.#fail(error, message, sink);
    }
  }

  #answer(
    message: IncomingMessage,
    sink: ResponseSink,
    role: Role,
  ): Promise<ApiAnswer> | ApiAnswer {
    const { path, search } = splitUrl(message.url ?? "/");
    if (message.method === "OPTIONS") return empty(200);
    const versioned = splitVersion(path);
    const match = this.#routes.find(message.method ?? "", versioned.path);
    if (match === undefined) throw new EngineError("not-found", "page not found");
    const version = checkVersion(versioned.version);
    if (version < (match.route.since ?? 0)) throw new EngineError("not-found", "page not found");
    checkRole(role, match.route);
    const request = new ApiRequest({
      message,
      name: match.name,
      version,
      search,
      signal: () => this.#signalFor(sink),
    });
    return match.route.handle(request);
  }

  #signalFor(sink: ResponseSink): AbortSignal {
    const gone = new AbortController();
    const abort = (): void => gone.abort(new EngineError("cancelled", "the client has gone"));
    sink.onGone(abort);
    if (sink.closed) abort();
    return AbortSignal.any([gone.signal, this.#closing.signal]);
  }

  async #write(
    answer: ApiAnswer,
    message: IncomingMessage,
    sink: ResponseSink,
    upgrade?: Upgrade,
  ): Promise<void> {
    switch (answer.kind) {
      case "json":
        sink.send(
          answer.status,
          { ...this.#common, ...JSON_HEADERS, ...answer.headers },
          `${JSON.stringify(answer.value)}\n`,
        );
        return;
      case "text":
        sink.send(answer.status, { ...this.#common, ...answer.headers }, answer.text);
        return;
      case "empty":
        if (answer.sent !== undefined) sink.onSent(answer.sent);
        sink.send(answer.status, { ...this.#common, ...answer.headers }, "");
        return;
      case "stream":
        return await this.#writeStream(answer.chunks, answer.headers, sink);
      case "lines":
        return await this.#writeLines(answer, sink);
      case "later":
        return await this.#writeLater(answer.value, sink);
      case "hijack":
        if (upgrade !== undefined) return await upgrade.hijack(answer.contentType, answer.run);
        return await this.#plainStream(message, answer.run, sink);
      case "websocket":
        if (upgrade === undefined) throw invalidArgument("websocket: missing Upgrade header");
        return await upgrade.websocket(answer.binary, answer.run);
    }
  }

  async #writeStream(
    chunks: AsyncIterable<Uint8Array>,
    headers: Readonly<Record<string, string>>,
    sink: ResponseSink,
  ): Promise<void> {
    sink.start(200, { ...this.#common, ...headers });
    for await (const chunk of untilGone(chunks, sink)) await sink.write(chunk);
    sink.end();
  }

  async #writeLines(
    answer: Extract<ApiAnswer, { kind: "lines" }>,
    sink: ResponseSink,
  ): Promise<void> {
    const start = (): void => sink.start(200, { ...this.#common, ...answer.headers });
    const { prefix = "" } = answer;
    if (answer.eager) start();
    try {
      for await (const line of untilGone(answer.lines, sink)) {
        if (!sink.started) start();
        await sink.write(`${prefix}${JSON.stringify(line)}\r\n`);
      }
      if (!sink.started) start();
    } catch (error) {
      if (!sink.started || answer.failure === undefined) throw error;
      await sink.write(`${JSON.stringify(answer.failure(error))}\r\n`);
    }
    sink.end();
  }

  async #writeLater(value: Promise<unknown>, sink: ResponseSink): Promise<void> {
    sink.start(200, { ...this.#common, ...JSON_HEADERS });
    const result = await value;
    if (result !== undefined) await sink.write(`${JSON.stringify(result)}\n`);
    sink.end();
  }

  /**
   * A client that asked for no upgrade: its body is the input, the response's body the output. JSON is no
   * input: some clients repeat their parameters in it.
   */
  async #plainStream(
    message: IncomingMessage,
    run: (client: Duplex) => Promise<void>,
    sink: ResponseSink,
  ): Promise<void> {
    sink.start(200, { ...this.#common, "Content-Type": RAW_STREAM, Connection: "close" });
    const client = new Duplex({
      read: () => message.resume(),
      write(chunk: Uint8Array, _encoding, done) {
        const wait = sink.write(chunk);
        if (wait === undefined) done();
        else wait.then(() => done(), done);
      },
    });
    const isInput = message.headers["content-type"] !== "application/json";
    message.on("data", (chunk: Uint8Array) => {
      if (isInput && !client.push(chunk)) message.pause();
    });
    if (message.readableEnded) client.push(null);
    else message.once("end", () => client.push(null));
    sink.onGone(() => client.destroy());
    try {
      await run(client);
    } catch (error) {
      // As on a hijacked connection: what there is to say has been said in the stream, which ends.
      this.#log("warn", `${message.method} ${message.url?.slice(0, 200)}: ${errorMessage(error)}`);
    }
    await new Promise<void>((resolve) => (client.destroyed ? resolve() : client.end(resolve)));
    sink.end();
  }

  #fail(error: unknown, message: IncomingMessage, sink: ResponseSink): void {
    const status = httpStatus(error);
    const what = `${message.method} ${message.url?.slice(0, 200)}`;
    if (errorKind(error) === "cancelled" || sink.closed) {
      this.#log("debug", `${what}: the client has gone: ${errorMessage(error)}`);
      sink.abort();
      return;
    }
    this.#log(status === 500 ? "error" : "debug", `${what}: ${describe(error)}`);
    if (sink.started) {
      sink.abort();
      return;
    }
    const body = status === 304 ? "" : `${JSON.stringify({ message: errorMessage(error) })}\n`;
    const type = status === 304 ? {} : JSON_HEADERS;
    sink.send(status, { ...this.#common, ...type }, body);
  }
}

function describe(error: unknown): string {
  if (error instanceof EngineError || !(error instanceof Error)) return errorMessage(error);
  return error.stack ?? error.message;
}

function splitUrl(url: string): { path: string; search: string } {
  const start = url.startsWith("/") ? 0 : Math.max(url.indexOf("/", url.indexOf("://") + 3), 0);
  const question = url.indexOf("?", start);
  const raw = question < 0 ? url.slice(start) : url.slice(start, question);
  const search = question < 0 ? "" : url.slice(question + 1);
  if (!raw.includes("%")) return { path: raw, search };
  try {
    return { path: decodeURIComponent(raw), search };
  } catch (cause) {
    throw invalidArgument(`invalid URL escape in ${JSON.stringify(raw)}`, cause);
  }
}

/** Stops waiting for the next item when the client goes; the source hears of it by its `return`. */
async function* untilGone<T>(source: AsyncIterable<T>, sink: ResponseSink): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let wake = (): void => {};
  sink.onGone(() => wake());
  // A fresh promise for every item: racing with one that lives as long as the stream would hold on to
  // every item's reaction.
  const next = (): Promise<IteratorResult<T>> =>
    new Promise((resolve, reject) => {
      wake = () => resolve({ done: true, value: undefined });
      iterator.next().then(resolve, reject);
    });
  let finished = false;
  try {
    while (!sink.closed) {
      const { done, value } = await next();
      if (done === true) {
        finished = !sink.closed;
        return;
      }
      yield value;
    }
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    // Not awaited: a source that hangs in its own await would keep this loop from ending.
    if (!finished) iterator.return?.().catch(() => {});
  }
}
