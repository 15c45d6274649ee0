import type { ClusterEntry, ClusterEvent, ClusterStore } from "./cluster-store.ts";

/** Milliseconds between attempts to reach the store. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 3000;

export interface MirrorHandlers {
  /** Everything that there is; what is not listed is gone. */
  snapshot(entries: ClusterEntry[]): void;
  events(events: ClusterEvent[]): void;
}

/**
 * Follows a prefix: all of it once, then what changes. Where the store went away and came back, or has
 * forgotten the changes in between, everything comes again.
 */
export class Mirror {
  readonly #store: ClusterStore;
  readonly #prefix: string;
  readonly #handlers: MirrorHandlers;
  #stopWatch: (() => void) | undefined;
  #pause = FIRST_PAUSE;
  #timer: Timer | undefined;
  #closed = false;

  constructor(store: ClusterStore, prefix: string, handlers: MirrorHandlers) {
    this.#store = store;
    this.#prefix = prefix;
    this.#handlers = handlers;
  }

  /** Resolves with the first snapshot told. @throws unavailable; it goes on trying nevertheless */
  async start(): Promise<void> {
    try {
      await this.#follow();
    } catch (error) {
      this.#again();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopWatch?.();
  }

  async #follow(): Promise<void> {
    const { entries, revision } = await this.#store.list(this.#prefix);
    if (this.#closed) return;
    this.#handlers.snapshot(entries);
    this.#stopWatch = this.#store.watch(this.#prefix, revision, {
      events: (events) => {
        this.#pause = FIRST_PAUSE;
        this.#handlers.events(events);
      },
      ended: () => this.#again(),
    });
  }

  #again(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#follow().catch(() => this.#again());
    }, this.#pause).unref();
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }
}
