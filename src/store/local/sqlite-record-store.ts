import type { Database } from "bun:sqlite";
import type { Collection, RecordStore } from "../record-store.ts";

type Key = [collection: string, key: string];

/** Records as JSON text in one table. */
export class SqliteRecordStore implements RecordStore {
  readonly #database: Database;
  readonly #get;
  readonly #put;
  readonly #delete;
  readonly #all;

  constructor(database: Database) {
    this.#database = database;
    this.#get = database.query<{ value: string }, Key>(
      "SELECT value FROM records WHERE collection = ? AND key = ?",
    );
    this.#put = database.query<null, [...Key, string]>(
      "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.query<null, Key>(
      "DELETE FROM records WHERE collection = ? AND key = ?",
    );
    this.#all = database.query<{ key: string; value: string }, [string]>(
      "SELECT key, value FROM records WHERE collection = ? ORDER BY key",
    );
  }

  collection<T>(name: string): Collection<T> {
    const entries = (): [string, T][] =>
      this.#all.all(name).map(({ key, value }) => [key, JSON.parse(value) as T]);
    return {
      get: (key) => {
        const row = this.#get.get(name, key);
        return row === null ? undefined : (JSON.parse(row.value) as T);
      },
      all: () => entries().map(([, value]) => value),
      entries,
      put: (key, value) => {
        this.#put.run(name, key, JSON.stringify(value));
      },
      delete: (key) => this.#delete.run(name, key).changes > 0,
    };
  }

  transaction<T>(work: () => T): T {
    return this.#database.transaction(work)();
  }
}
