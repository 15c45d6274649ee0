/** Changes come in swarms: a checkout, an editor's save. One batch is what comes without a pause. */
const QUIET_MS = 100;
/** A swarm that does not end is cut. */
const LONGEST_MS = 2_000;

/** Gathers paths into batches, and hands out one after the other. */
export class ChangeBatches {
  #paths = new Set<string>();
  #first = 0;
  #timer: Timer | undefined;
  #ready = Promise.withResolvers<void>();
  #closed = false;

  add(path: string): void {
    if (this.#paths.size === 0) this.#first = Date.now();
    this.#paths.add(path);
    clearTimeout(this.#timer);
    const rest = Math.max(0, this.#first + LONGEST_MS - Date.now());
    this.#timer = setTimeout(() => this.#ready.resolve(), Math.min(QUIET_MS, rest));
  }

  /** Resolves with the next batch; undefined once closed. */
  async next(): Promise<ReadonlySet<string> | undefined> {
    await this.#ready.promise;
    if (this.#closed) return undefined;
    const batch = this.#paths;
    this.#paths = new Set();
    this.#ready = Promise.withResolvers();
    return batch;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#ready.resolve();
  }
}
