import { type ClusterEntry, type ClusterStore, Mirror } from "../../cluster/index.ts";
import type { NetworkRecord } from "../network-record.ts";
import type { ServiceParts } from "../service-parts.ts";
import { NETWORKS } from "./overlay-directory.ts";
import { isOverlay } from "./overlay-options.ts";

export interface FollowerHandlers {
  /** Has a container of this host a place in it? */
  inUse(networkId: string): boolean;
  /** It is gone from the store. */
  removed(network: NetworkRecord): void;
}

/** Takes networks that other hosts have made into this host's table, and lets go of those that are gone. */
export class NetworkFollower {
  readonly #parts: ServiceParts;
  readonly #handlers: FollowerHandlers;
  readonly #mirror: Mirror;

  constructor(store: ClusterStore, parts: ServiceParts, handlers: FollowerHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
    this.#mirror = new Mirror(store, NETWORKS, {
      snapshot: (entries) => this.#snapshot(entries),
      events: (events) => {
        for (const { key, value } of events) {
          if (value === undefined) this.#gone(key.slice(NETWORKS.length));
          else this.#take(value);
        }
      },
    });
  }

  start(): Promise<void> {
    return this.#mirror.start();
  }

  close(): void {
    this.#mirror.close();
  }

  #snapshot(entries: readonly ClusterEntry[]): void {
    const ids = new Set(entries.map(({ key }) => key.slice(NETWORKS.length)));
    for (const network of this.#parts.networks.all().filter(isOverlay)) {
      if (!ids.has(network.id)) this.#gone(network.id);
    }
    for (const { value } of entries) this.#take(value);
  }

  #take(value: string): void {
    const network = JSON.parse(value) as NetworkRecord;
    if (this.#parts.networks.byId(network.id) === undefined) this.#parts.networks.put(network);
  }

  #gone(id: string): void {
    const network = this.#parts.networks.byId(id);
    if (network === undefined || !isOverlay(network)) return;
    if (this.#handlers.inUse(id)) {
      this.#parts.options.warn?.(
        `Network "${network.name}" is gone from the cluster's store while containers of this host are in it`,
      );
    } else this.#handlers.removed(network);
  }
}
