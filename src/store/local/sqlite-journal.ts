import type { Database } from "bun:sqlite";
import type { Journal, JournalEntry } from "../journal.ts";

interface Row {
  id: number;
  kind: string;
  payload: string;
}

/** Unfinished operations as rows; a row of an earlier process has an id below the first of this one. */
export class SqliteJournal implements Journal {
  readonly #insert;
  readonly #update;
  readonly #delete;
  readonly #unfinished;
  readonly #lastOfOthers: number;

  constructor(database: Database) {
    this.#insert = database.query<null, [string, string]>(
      "INSERT INTO journal (kind, payload) VALUES (?, ?)",
    );
    this.#update = database.query<null, [string, number]>(
      "UPDATE journal SET payload = ? WHERE id = ?",
    );
    this.#delete = database.query<null, [number]>("DELETE FROM journal WHERE id = ?");
    this.#unfinished = database.query<Row, [number]>(
      "SELECT id, kind, payload FROM journal WHERE id <= ? ORDER BY id",
    );
    const last = database.query<{ id: number | null }, []>("SELECT max(id) AS id FROM journal");
    this.#lastOfOthers = last.get()?.id ?? 0;
  }

  begin<Payload>(kind: string, payload: Payload): JournalEntry<Payload> {
    const id = Number(this.#insert.run(kind, JSON.stringify(payload)).lastInsertRowid);
    let current = payload;
    return {
      get payload() {
        return current;
      },
      update: (next) => {
        current = next;
        this.#update.run(JSON.stringify(next), id);
      },
      finish: () => {
        this.#delete.run(id);
      },
    };
  }

  async recover(handlers: Record<string, (payload: never) => void | Promise<void>>): Promise<void> {
    const failures: unknown[] = [];
    for (const { id, kind, payload } of this.#unfinished.all(this.#lastOfOthers)) {
      const handler = handlers[kind];
      if (handler === undefined) continue;
      try {
        await handler(JSON.parse(payload) as never);
        this.#delete.run(id);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
