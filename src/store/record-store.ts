/** JSON values under string keys; reads give a fresh value each time. Synchronous, tens of microseconds. */
export interface Collection<T> {
  get(key: string): T | undefined;
  /** Keys in byte order. */
  all(): T[];
  entries(): [key: string, value: T][];
  put(key: string, value: T): void;
  /** False when it was not there. */
  delete(key: string): boolean;
}

/**
 * What the engine knows, in `<data-root>/berth.db`. A write is safe from the death of the process when the
 * call returns; a power loss may take back the last moments, in order, and never corrupts.
 */
export interface RecordStore {
  /** The same name must be asked for with the same type everywhere. */
  collection<T>(name: string): Collection<T>;
  /** All writes of `work` or none. `work` is synchronous; calls nest. */
  transaction<T>(work: () => T): T;
}
