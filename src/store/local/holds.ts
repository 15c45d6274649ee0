/** Counts who needs a key to stay; kept in memory, so a hold ends with its process. */
export class Holds<Key> {
  readonly #counts = new Map<Key, number>();

  hold(key: Key): Disposable {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let released = false;
    return {
      [Symbol.dispose]: () => {
        if (released) return;
        released = true;
        const left = (this.#counts.get(key) ?? 1) - 1;
        if (left === 0) this.#counts.delete(key);
        else this.#counts.set(key, left);
      },
    };
  }

  has(key: Key): boolean {
    return this.#counts.has(key);
  }
}
