/**
 * Serialises the operations on one container in the order in which they asked. Verbs that wait for the
 * container's exit must not hold it: handling the exit needs it.
 */
export class OperationLock {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Is an operation running or queued? */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Runs `operation` after every earlier one has settled; its failure does not stop later ones. */
  async run<T>(operation: () => Promise<T> | T): Promise<T> {
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    const idle = this.#waiting++ === 0;
    try {
      if (!idle) await before;
      return await operation();
    } finally {
      this.#waiting--;
      resolve();
    }
  }
}
