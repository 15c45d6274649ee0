import { EngineError } from "../spec/index.ts";
import type {
  Change,
  ClusterEntry,
  ClusterEvent,
  ClusterStore,
  Condition,
  WatchHandlers,
} from "./cluster-store.ts";

interface Kept {
  value: string;
  lease: string | undefined;
}

interface Watch extends WatchHandlers {
  prefix: string;
}

/** One store in memory for tests and simulations: `connection` gives each host its own way to it. */
export class MemoryClusterStore {
  readonly #keys = new Map<string, Kept>();
  readonly #watches = new Set<Watch>();
  readonly #leases = new Set<string>();
  #revision = 1;
  #lease = 1;

  /** `cut` and `mend` stand for the network between a host and the store. */
  connection(): MemoryConnection {
    return new MemoryConnection(this);
  }

  list(prefix: string): { entries: ClusterEntry[]; revision: number } {
    const entries = [...this.#keys]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, { value }]) => ({ key, value }));
    return { entries, revision: this.#revision };
  }

  commit(conditions: readonly Condition[], changes: readonly Change[]): boolean {
    if (!conditions.every((condition) => this.#holds(condition))) return false;
    this.#apply(changes);
    return true;
  }

  grantLease(): string {
    const lease = String(this.#lease++);
    this.#leases.add(lease);
    return lease;
  }

  hasLease(lease: string): boolean {
    return this.#leases.has(lease);
  }

  /** As if its time had run out. */
  endLease(lease: string): void {
    this.#leases.delete(lease);
    const gone = [...this.#keys].filter(([, kept]) => kept.lease === lease);
    this.#apply(gone.map(([key]) => ({ delete: key })));
  }

  addWatch(prefix: string, handlers: WatchHandlers): Watch {
    const watch: Watch = {
      prefix,
      events: (events) => handlers.events(events),
      ended: (reason) => handlers.ended(reason),
    };
    this.#watches.add(watch);
    return watch;
  }

  removeWatch(watch: Watch): void {
    this.#watches.delete(watch);
  }

  #holds(condition: Condition): boolean {
    if ("absent" in condition) return !this.#keys.has(condition.absent);
    if ("present" in condition) return this.#keys.has(condition.present);
    if ("empty" in condition) {
      return ![...this.#keys.keys()].some((key) => key.startsWith(condition.empty));
    }
    return this.#keys.get(condition.key)?.value === condition.value;
  }

  #apply(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#revision += 1;
    const events: ClusterEvent[] = changes.map((change) => {
      if ("delete" in change) {
        this.#keys.delete(change.delete);
        return { key: change.delete };
      }
      this.#keys.set(change.put, { value: change.value, lease: change.lease });
      return { key: change.put, value: change.value };
    });
    for (const { prefix, events: tell } of [...this.#watches]) {
      const seen = events.filter(({ key }) => key.startsWith(prefix));
      if (seen.length > 0) tell(seen);
    }
  }
}

/** One host's way to a store in memory. */
export class MemoryConnection implements ClusterStore {
  readonly #store: MemoryClusterStore;
  readonly #watches = new Set<Watch>();
  #cut = false;

  constructor(store: MemoryClusterStore) {
    this.#store = store;
  }

  cut(): void {
    this.#cut = true;
    this.#endWatches(new Error("the store is out of reach"));
  }

  mend(): void {
    this.#cut = false;
  }

  async list(prefix: string) {
    this.#reach();
    return this.#store.list(prefix);
  }

  async commit(conditions: readonly Condition[], changes: readonly Change[]): Promise<boolean> {
    this.#reach();
    return this.#store.commit(conditions, changes);
  }

  async grantLease(_seconds: number): Promise<string> {
    this.#reach();
    return this.#store.grantLease();
  }

  async renewLease(lease: string): Promise<boolean> {
    this.#reach();
    return this.#store.hasLease(lease);
  }

  async revokeLease(lease: string): Promise<void> {
    this.#reach();
    this.#store.endLease(lease);
  }

  watch(prefix: string, _revision: number, handlers: WatchHandlers): () => void {
    if (this.#cut) {
      handlers.ended(new Error("the store is out of reach"));
      return () => {};
    }
    const watch = this.#store.addWatch(prefix, handlers);
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
      this.#store.removeWatch(watch);
    };
  }

  close(): void {
    for (const watch of this.#watches) this.#store.removeWatch(watch);
    this.#watches.clear();
    this.#cut = true;
  }

  #reach(): void {
    if (this.#cut) throw new EngineError("unavailable", "the cluster's store is out of reach");
  }

  #endWatches(reason: Error): void {
    for (const watch of [...this.#watches]) {
      this.#watches.delete(watch);
      this.#store.removeWatch(watch);
      watch.ended(reason);
    }
  }
}
