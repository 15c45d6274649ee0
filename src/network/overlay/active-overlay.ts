import {
  type ClusterEntry,
  type ClusterEvent,
  type ClusterStore,
  Mirror,
} from "../../cluster/index.ts";
import { endpointsPrefix } from "./overlay-directory.ts";
import type { OverlayEndpoint } from "./overlay-endpoint.ts";

/** Hears of other hosts' endpoints. */
export interface ActiveHandlers {
  /** `whole`: the store has told everything; else only what has changed. */
  changed(added: OverlayEndpoint[], gone: OverlayEndpoint[], whole: boolean): void;
  /** This host's own entries, after the store has told everything. */
  own(endpoints: OverlayEndpoint[]): void;
}

/** An overlay network in which this host has containers: whom else there is. */
export class ActiveOverlay {
  readonly networkId: string;
  readonly #hostId: string;
  readonly #handlers: ActiveHandlers;
  readonly #mirror: Mirror;
  readonly #prefix: string;
  readonly #remote = new Map<string, OverlayEndpoint>();

  /** `known` are those of before, for as long as the store does not answer. */
  constructor(
    store: ClusterStore,
    hostId: string,
    networkId: string,
    known: readonly OverlayEndpoint[],
    handlers: ActiveHandlers,
  ) {
    this.networkId = networkId;
    this.#hostId = hostId;
    this.#handlers = handlers;
    this.#prefix = endpointsPrefix(networkId);
    for (const endpoint of known) this.#remote.set(endpoint.id, endpoint);
    this.#mirror = new Mirror(store, this.#prefix, {
      snapshot: (entries) => this.#snapshot(entries),
      events: (events) => this.#events(events),
    });
  }

  /** @throws unavailable; it goes on trying nevertheless */
  start(): Promise<void> {
    return this.#mirror.start();
  }

  remote(): OverlayEndpoint[] {
    return [...this.#remote.values()];
  }

  close(): void {
    this.#mirror.close();
  }

  #snapshot(entries: readonly ClusterEntry[]): void {
    const all = entries.map(({ value }) => JSON.parse(value) as OverlayEndpoint);
    const others = all.filter(({ hostId }) => hostId !== this.#hostId);
    const ids = new Set(others.map(({ id }) => id));
    const gone = this.remote().filter(({ id }) => !ids.has(id));
    this.#remote.clear();
    for (const endpoint of others) this.#remote.set(endpoint.id, endpoint);
    this.#handlers.changed(others, gone, true);
    this.#handlers.own(all.filter(({ hostId }) => hostId === this.#hostId));
  }

  #events(events: readonly ClusterEvent[]): void {
    const added = new Map<string, OverlayEndpoint>();
    const gone = new Map<string, OverlayEndpoint>();
    for (const { key, value } of events) {
      const id = key.slice(this.#prefix.length);
      const before = this.#remote.get(id);
      const endpoint = value === undefined ? undefined : (JSON.parse(value) as OverlayEndpoint);
      if (endpoint?.hostId === this.#hostId) continue;
      if (endpoint !== undefined) {
        this.#remote.set(id, endpoint);
        added.set(id, endpoint);
        gone.delete(id);
      } else if (before !== undefined) {
        this.#remote.delete(id);
        added.delete(id);
        gone.set(id, before);
      }
    }
    if (added.size + gone.size > 0) {
      this.#handlers.changed([...added.values()], [...gone.values()], false);
    }
  }
}
