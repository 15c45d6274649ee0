/** Beyond so many waiting values whoever adds one is asked to wait. */
const ROOM = 256;

/** Carries values from work to one reader, who holds the work back where it is slow. */
export class EventQueue<T> {
  readonly #values: T[] = [];
  #wake: (() => void) | undefined;
  #drained = Promise.withResolvers<void>();
  #ended = false;
  #failure: { error: unknown } | undefined;

  /** A promise where the reader has fallen behind: wait for it before adding more. */
  push(value: T): void | Promise<void> {
    if (this.#ended) return;
    this.#values.push(value);
    this.#wake?.();
    if (this.#values.length > ROOM) return this.#drained.promise;
  }

  end(failure?: { error: unknown }): void {
    this.#ended = true;
    this.#failure = failure;
    this.#drained.resolve();
    this.#wake?.();
  }

  /** Runs `work` and yields what it says until it ends; throws what it throws, after its last value. */
  static async *run<T>(
    work: (queue: EventQueue<T>, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void> {
    const queue = new EventQueue<T>();
    const aborter = new AbortController();
    const joined = AbortSignal.any([signal, aborter.signal]);
    const running = work(queue, joined).then(
      () => queue.end(),
      (error: unknown) => queue.end({ error }),
    );
    try {
      yield* queue.#read();
    } finally {
      if (!queue.#ended) aborter.abort(new DOMException("The client went away", "AbortError"));
      // Nobody reads any more: who waits for room must not wait forever.
      queue.#drained.resolve();
      await running;
    }
  }

  async *#read(): AsyncGenerator<T, void> {
    for (;;) {
      const value = this.#values.shift();
      if (value !== undefined) {
        if (this.#values.length <= ROOM / 2) this.#makeRoom();
        yield value;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
  }

  #makeRoom(): void {
    const before = this.#drained;
    this.#drained = Promise.withResolvers<void>();
    before.resolve();
  }
}
