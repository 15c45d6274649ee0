import { EngineError, errorMessage } from "../../spec/index.ts";
import type {
  Change,
  ClusterEntry,
  ClusterEvent,
  ClusterStore,
  Condition,
  WatchHandlers,
} from "../cluster-store.ts";
import {
  decode,
  prefixRange,
  type RangeAnswer,
  transaction,
  type WatchAnswer,
} from "./etcd-messages.ts";

export interface EtcdOptions {
  /** `http://10.0.0.1:2379`; the next one is taken when one does not answer. */
  endpoints: readonly string[];
  /** In front of every key: `/berth`. */
  prefix: string;
  tls?: { ca?: string; cert?: string; key?: string };
  user?: { name: string; password: string };
  /** Milliseconds for one answer of one endpoint. */
  timeout?: number;
}

interface Open {
  endpoint: number;
  abort: AbortController;
}

const DEFAULT_TIMEOUT = 3000;
/** gRPC's code for a token that has run out, and its message. */
const UNAUTHENTICATED = 16;

/** etcd's answer to a request that it has understood and refuses. */
class EtcdRefusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** etcd over its JSON gateway: HTTP requests, and one stream for each watch. */
export class EtcdStore implements ClusterStore {
  readonly #options: EtcdOptions;
  readonly #watches = new Set<Open>();
  #current = 0;
  #token: string | undefined;
  #closed = false;

  constructor(options: EtcdOptions) {
    this.#options = options;
  }

  async list(prefix: string): Promise<{ entries: ClusterEntry[]; revision: number }> {
    const answer = await this.#request<RangeAnswer>("/v3/kv/range", prefixRange(this.#key(prefix)));
    const entries = (answer.kvs ?? []).map(({ key, value }) => ({
      key: this.#unprefixed(key),
      value: decode(value),
    }));
    return { entries, revision: Number(answer.header.revision) };
  }

  async commit(conditions: readonly Condition[], changes: readonly Change[]): Promise<boolean> {
    const answer = await this.#request<{ succeeded?: boolean }>(
      "/v3/kv/txn",
      transaction(
        conditions.map((condition) => this.#condition(condition)),
        changes.map((change) =>
          "delete" in change
            ? { delete: this.#key(change.delete) }
            : { ...change, put: this.#key(change.put) },
        ),
      ),
    );
    return answer.succeeded === true;
  }

  async grantLease(seconds: number): Promise<string> {
    return (await this.#request<{ ID: string }>("/v3/lease/grant", { TTL: String(seconds) })).ID;
  }

  async renewLease(lease: string): Promise<boolean> {
    type Answer = { result?: { TTL?: string } };
    const answer = await this.#request<Answer>("/v3/lease/keepalive", { ID: lease });
    return Number(answer.result?.TTL ?? "0") > 0;
  }

  async revokeLease(lease: string): Promise<void> {
    try {
      await this.#request("/v3/lease/revoke", { ID: lease });
    } catch (error) {
      if (!(error instanceof EngineError && error.cause instanceof EtcdRefusal)) throw error;
    }
  }

  watch(prefix: string, revision: number, handlers: WatchHandlers): () => void {
    const open: Open = { endpoint: this.#current, abort: new AbortController() };
    this.#watches.add(open);
    let silent = false;
    const end = (reason: unknown): void => {
      this.#watches.delete(open);
      open.abort.abort();
      if (!silent) handlers.ended(reason instanceof Error ? reason : new Error(String(reason)));
      silent = true;
    };
    this.#stream(prefix, revision, open, (events) => {
      if (!silent) handlers.events(events);
    }).then(() => end(new Error("the watch has ended")), end);
    return () => {
      silent = true;
      end("closed");
    };
  }

  close(): void {
    this.#closed = true;
    for (const { abort } of this.#watches) abort.abort();
  }

  async #stream(
    prefix: string,
    revision: number,
    { endpoint, abort }: Open,
    tell: (events: ClusterEvent[]) => void,
  ): Promise<void> {
    const create = { ...prefixRange(this.#key(prefix)), start_revision: String(revision + 1) };
    const response = await this.#fetch(
      endpoint,
      "/v3/watch",
      { create_request: create },
      abort.signal,
    );
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of response.body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") continue;
        const { result, error } = JSON.parse(line) as WatchAnswer;
        if (error !== undefined) throw new Error(error.message ?? "the watch was refused");
        if (result?.canceled === true) throw new Error(result.cancel_reason ?? "compacted");
        const events = (result?.events ?? []).map(({ type, kv }) => ({
          key: this.#unprefixed(kv.key),
          ...(type === "DELETE" ? {} : { value: decode(kv.value) }),
        }));
        if (events.length > 0) tell(events);
      }
    }
  }

  /** From the endpoint that has answered last, else from the next one that answers. */
  async #request<Answer>(path: string, body: object): Promise<Answer> {
    const { endpoints, timeout = DEFAULT_TIMEOUT } = this.#options;
    const failures: string[] = [];
    for (let attempt = 0; attempt < endpoints.length && !this.#closed; attempt++) {
      const endpoint = this.#current;
      try {
        return await this.#ask<Answer>(endpoint, path, body, timeout);
      } catch (error) {
        if (error instanceof EtcdRefusal && !error.message.includes("no leader")) {
          throw new EngineError("unavailable", `etcd refuses: ${error.message}`, { cause: error });
        }
        failures.push(`${endpoints[endpoint]}: ${errorMessage(error)}`);
        this.#leave(endpoint);
      }
    }
    const why = this.#closed ? "it is closed" : failures.join("; ");
    throw new EngineError("unavailable", `the cluster's store does not answer: ${why}`);
  }

  /** Watches of an endpoint that does not answer might wait for ever. */
  #leave(endpoint: number): void {
    if (this.#current === endpoint) this.#current = (endpoint + 1) % this.#options.endpoints.length;
    for (const watch of this.#watches) if (watch.endpoint === endpoint) watch.abort.abort();
  }

  async #ask<Answer>(
    endpoint: number,
    path: string,
    body: object,
    timeout: number,
  ): Promise<Answer> {
    const attempt = async (): Promise<Answer> => {
      const signal = AbortSignal.timeout(timeout);
      return (await (await this.#fetch(endpoint, path, body, signal)).json()) as Answer;
    };
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof EtcdRefusal && error.code === UNAUTHENTICATED)) throw error;
      this.#token = undefined;
      return await attempt();
    }
  }

  async #fetch(
    endpoint: number,
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Response> {
    const { endpoints, tls, user } = this.#options;
    const url = `${endpoints[endpoint]}${path}`;
    if (user !== undefined && this.#token === undefined && path !== "/v3/auth/authenticate") {
      const login = { name: user.name, password: user.password };
      const answer = await this.#fetch(endpoint, "/v3/auth/authenticate", login, signal);
      this.#token = ((await answer.json()) as { token: string }).token;
    }
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(body),
      signal,
      // A watch may be silent for as long as nothing changes.
      timeout: false,
      ...(this.#token === undefined ? {} : { headers: { authorization: this.#token } }),
      ...(tls === undefined ? {} : { tls }),
    } as RequestInit);
    if (response.ok) return response;
    const text = await response.text();
    throw refusal(text) ?? new Error(`HTTP ${response.status} ${text.slice(0, 200)}`);
  }

  #key(key: string): string {
    return `${this.#options.prefix}/${key}`;
  }

  #unprefixed(key: string): string {
    return decode(key).slice(this.#options.prefix.length + 1);
  }

  #condition(condition: Condition): Condition {
    if ("absent" in condition) return { absent: this.#key(condition.absent) };
    if ("present" in condition) return { present: this.#key(condition.present) };
    if ("empty" in condition) return { empty: this.#key(condition.empty) };
    return { key: this.#key(condition.key), value: condition.value };
  }
}

/** What the gateway says of a call that etcd itself has refused; a lost leader is none. */
function refusal(text: string): EtcdRefusal | undefined {
  try {
    const { code, error, message } = JSON.parse(text) as {
      code?: number;
      error?: string;
      message?: string;
    };
    // UNAVAILABLE (14) and DEADLINE_EXCEEDED (4): another endpoint may answer.
    if (code === undefined || code === 14 || code === 4) return undefined;
    return new EtcdRefusal(code, error ?? message ?? text);
  } catch {
    return undefined;
  }
}
