import { EngineError, errorMessage } from "../spec/index.ts";
import type { ClusterStore } from "./cluster-store.ts";

/** A host as the others see it. */
export interface ClusterHost {
  /** Stays the same for as long as the daemon's data root is there. */
  id: string;
  name: string;
  address: string;
  /** UDP, of VXLAN. */
  port: number;
  version: string;
  /** RFC 3339: when its daemon was started. */
  started: string;
  /** Seconds that it is believed to be there without a sign. */
  ttl: number;
}

export interface SessionEvents {
  /** There is a lease, a new one or the same after the store was away: what hangs on it is to be looked at. */
  joined(): Promise<void>;
  /** The store does not answer. */
  away(reason: string): void;
}

const HOSTS = "hosts/";

/** A host's membership: its lease, kept alive, and its entry among the hosts. */
export class ClusterSession {
  readonly store: ClusterStore;
  readonly host: ClusterHost;
  readonly #events: SessionEvents;
  #lease: string | undefined;
  #reachable = false;
  #reason = "it has not answered yet";
  #timer: Timer | undefined;
  #closed = false;

  constructor(store: ClusterStore, host: ClusterHost, events: SessionEvents) {
    this.store = store;
    this.host = host;
    this.#events = events;
  }

  /** After the first attempt to join; when that fails, others follow. */
  async start(): Promise<void> {
    await this.#beat();
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  /** @throws unavailable while the store is away */
  get lease(): string {
    if (this.#lease !== undefined && this.#reachable) return this.#lease;
    throw new EngineError(
      "unavailable",
      `the cluster's store is away (${this.#reason}): what runs goes on, changes wait until it is back`,
    );
  }

  async hosts(): Promise<ClusterHost[]> {
    const { entries } = await this.store.list(HOSTS);
    return entries.map(({ value }) => JSON.parse(value) as ClusterHost);
  }

  /** The lease runs out by itself, or at once: then what hangs on it goes. */
  async close(options: { leave: boolean }): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (options.leave && this.#lease !== undefined) {
      await this.store.revokeLease(this.#lease).catch(() => {});
    }
    this.store.close();
  }

  async #beat(): Promise<void> {
    try {
      const renewed = this.#lease !== undefined && (await this.store.renewLease(this.#lease));
      if (!renewed || !this.#reachable) await this.#join(renewed);
    } catch (error) {
      this.#lost(errorMessage(error));
    }
    this.#next();
  }

  async #join(renewed: boolean): Promise<void> {
    if (!renewed) this.#lease = await this.store.grantLease(this.host.ttl);
    const put = `${HOSTS}${this.host.id}`;
    const lease = this.#lease;
    if (lease === undefined) return;
    await this.store.commit([], [{ put, value: JSON.stringify(this.host), lease }]);
    this.#reachable = true;
    await this.#events.joined();
  }

  #lost(reason: string): void {
    const before = this.#reachable;
    this.#reachable = false;
    this.#reason = reason;
    if (before || this.#lease === undefined) this.#events.away(reason);
  }

  #next(): void {
    if (this.#closed) return;
    // A store that is away is asked more often, so that it is found again soon.
    const third = (this.host.ttl * 1000) / 3;
    const pause = this.#reachable ? third : Math.min(third, 2000);
    this.#timer = setTimeout(() => void this.#beat(), pause);
    this.#timer.unref();
  }
}
