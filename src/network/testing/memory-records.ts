import type { Collection, RecordStore } from "../../store/index.ts";

/** Records that live as long as the object; values are copied as a database would. */
export class MemoryRecords implements RecordStore {
  readonly #collections = new Map<string, Map<string, string>>();

  collection<T>(name: string): Collection<T> {
    const values = this.#collections.get(name) ?? new Map<string, string>();
    this.#collections.set(name, values);
    const read = (text: string): T => JSON.parse(text) as T;
    const entries = (): [string, T][] =>
      [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => [key, read(text)]);
    return {
      get: (key) => {
        const text = values.get(key);
        return text === undefined ? undefined : read(text);
      },
      all: () => entries().map(([, value]) => value),
      entries,
      put: (key, value) => {
        values.set(key, JSON.stringify(value));
      },
      delete: (key) => values.delete(key),
    };
  }

  transaction<T>(work: () => T): T {
    return work();
  }
}
