import type { Database } from "bun:sqlite";
import type { ChainId, DiffId, Digest } from "../../spec/index.ts";
import type { LayerRecord } from "../snapshot-store.ts";

interface Row {
  chain_id: string;
  parent: string | null;
  diff_id: string;
  blob: string | null;
  size: number;
}

const COLUMNS = "chain_id, parent, diff_id, blob, size";

/**
 * The layers that are unpacked, and which container stands on which stack. Whether something is in use is
 * asked here each time, never counted.
 */
export class LayerTable {
  readonly #database: Database;
  readonly #get;
  readonly #insert;
  readonly #delete;
  readonly #inUse;
  readonly #putContainer;
  readonly #deleteContainer;
  readonly #container;

  constructor(database: Database) {
    this.#database = database;
    this.#get = database.query<Row, [string]>(`SELECT ${COLUMNS} FROM layers WHERE chain_id = ?`);
    this.#insert = database.query<null, [string, string | null, string, string | null, number]>(
      `INSERT OR REPLACE INTO layers (${COLUMNS}, synced) VALUES (?, ?, ?, ?, ?, 0)`,
    );
    this.#delete = database.query<null, [string]>("DELETE FROM layers WHERE chain_id = ?");
    this.#inUse = database.query<{ used: number }, { chain: string }>(
      `SELECT EXISTS (SELECT 1 FROM images WHERE top = $chain)
        OR EXISTS (SELECT 1 FROM containers WHERE top = $chain)
        OR EXISTS (SELECT 1 FROM layers WHERE parent = $chain)
        OR EXISTS (SELECT 1 FROM build_snapshots WHERE base = $chain OR chain_id = $chain)
          AS used`,
    );
    this.#putContainer = database.query<null, [string, string | null]>(
      "INSERT OR REPLACE INTO containers (id, top) VALUES (?, ?)",
    );
    this.#deleteContainer = database.query<null, [string]>("DELETE FROM containers WHERE id = ?");
    this.#container = database.query<{ top: string | null }, [string]>(
      "SELECT top FROM containers WHERE id = ?",
    );
  }

  get(chainId: ChainId): LayerRecord | undefined {
    const row = this.#get.get(chainId);
    return row === null ? undefined : toRecord(row);
  }

  all(): LayerRecord[] {
    return this.#database.query<Row, []>(`SELECT ${COLUMNS} FROM layers`).all().map(toRecord);
  }

  /** Not yet known to have reached the disk: see `markSynced`. */
  insert({ chainId, parent, diffId, blob, size }: LayerRecord): void {
    this.#insert.run(chainId, parent ?? null, diffId, blob ?? null, size);
  }

  delete(chainId: ChainId): void {
    this.#delete.run(chainId);
  }

  /** By an image, a container, a build's snapshot or a layer on top of it. */
  isUsed(chainId: ChainId): boolean {
    return this.#inUse.get({ chain: chainId })?.used === 1;
  }

  /** The stack below a layer and the layer itself, lowest first. */
  stack(top: ChainId | undefined): ChainId[] {
    const chain: ChainId[] = [];
    for (let next = top; next !== undefined; next = this.get(next)?.parent) chain.unshift(next);
    return chain;
  }

  putContainer(id: string, top: ChainId | undefined): void {
    this.#putContainer.run(id, top ?? null);
  }

  deleteContainer(id: string): void {
    this.#deleteContainer.run(id);
  }

  /** `undefined`: no such container. */
  container(id: string): { top: ChainId | undefined } | undefined {
    const row = this.#container.get(id);
    return row === null ? undefined : { top: (row.top ?? undefined) as ChainId | undefined };
  }

  containers(): string[] {
    const rows = this.#database.query<{ id: string }, []>("SELECT id FROM containers").all();
    return rows.map(({ id }) => id);
  }

  unsynced(): ChainId[] {
    const sql = "SELECT chain_id FROM layers WHERE synced = 0";
    return this.#database
      .query<{ chain_id: string }, []>(sql)
      .all()
      .map(({ chain_id }) => chain_id as ChainId);
  }

  markSynced(chainIds: readonly ChainId[]): void {
    const update = this.#database.query<null, [string]>(
      "UPDATE layers SET synced = 1 WHERE chain_id = ?",
    );
    this.#database.transaction(() => {
      for (const chainId of chainIds) update.run(chainId);
    })();
  }
}

function toRecord(row: Row): LayerRecord {
  return {
    chainId: row.chain_id as ChainId,
    parent: (row.parent ?? undefined) as ChainId | undefined,
    diffId: row.diff_id as DiffId,
    blob: (row.blob ?? undefined) as Digest | undefined,
    size: row.size,
  };
}
