import type { Database } from "bun:sqlite";
import type { ChainId, DiffId, Digest } from "../../spec/index.ts";
import type { Tree } from "../build-snapshot-store.ts";

interface Row {
  id: string;
  parent: string | null;
  base: string | null;
  size: number;
  created: string;
  diff_id: string | null;
  blob: string | null;
  chain_id: string | null;
  moved: number;
}

export interface SnapshotRow {
  readonly id: string;
  readonly base: Tree;
  readonly size: number;
  readonly createdAt: string;
  readonly layer?: { readonly diffId: DiffId; readonly blob: string; readonly chainId: ChainId };
  /** Its directory has become the layer's. */
  readonly moved: boolean;
}

const COLUMNS = "id, parent, base, size, created, diff_id, blob, chain_id, moved";

/** Rows of build steps' snapshots. A row is there when its directory is whole. */
export class BuildSnapshotTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(id: string): SnapshotRow | undefined {
    const sql = `SELECT ${COLUMNS} FROM build_snapshots WHERE id = ?`;
    const row = this.#database.query<Row, [string]>(sql).get(id);
    return row === null ? undefined : toSnapshot(row);
  }

  all(): SnapshotRow[] {
    const sql = `SELECT ${COLUMNS} FROM build_snapshots ORDER BY created`;
    return this.#database.query<Row, []>(sql).all().map(toSnapshot);
  }

  insert(row: { id: string; base: Tree; size: number; createdAt: string }): void {
    const [parent, base] =
      row.base.kind === "snapshot" ? [row.base.id, null] : [null, row.base.top ?? null];
    this.#database
      .query<null, [string, string | null, string | null, number, string]>(
        `INSERT INTO build_snapshots (id, parent, base, size, created, synced, moved)
          VALUES (?, ?, ?, ?, ?, 0, 0)`,
      )
      .run(row.id, parent, base, row.size, row.createdAt);
  }

  setLayer(
    id: string,
    layer: { diffId: DiffId; blob: Digest | string; chainId: ChainId },
    moved: boolean,
  ): void {
    this.#database
      .query<null, [string, string, string, number, string]>(
        "UPDATE build_snapshots SET diff_id = ?, blob = ?, chain_id = ?, moved = ? WHERE id = ?",
      )
      .run(layer.diffId, layer.blob, layer.chainId, moved ? 1 : 0, id);
  }

  /** The layer is gone, the tree is not. */
  forgetLayer(id: string): void {
    this.#database
      .query<null, [string]>(
        "UPDATE build_snapshots SET diff_id = NULL, blob = NULL, chain_id = NULL WHERE id = ?",
      )
      .run(id);
  }

  delete(id: string): void {
    this.#database.query<null, [string]>("DELETE FROM build_snapshots WHERE id = ?").run(id);
  }

  children(id: string): string[] {
    const sql = "SELECT id FROM build_snapshots WHERE parent = ?";
    return this.#database
      .query<{ id: string }, [string]>(sql)
      .all(id)
      .map((row) => row.id);
  }

  unsynced(): string[] {
    const sql = "SELECT id FROM build_snapshots WHERE synced = 0";
    return this.#database
      .query<{ id: string }, []>(sql)
      .all()
      .map((row) => row.id);
  }

  markSynced(ids: readonly string[]): void {
    const update = this.#database.query<null, [string]>(
      "UPDATE build_snapshots SET synced = 1 WHERE id = ?",
    );
    this.#database.transaction(() => {
      for (const id of ids) update.run(id);
    })();
  }
}

function toSnapshot(row: Row): SnapshotRow {
  const base: Tree =
    row.parent === null
      ? { kind: "layers", top: (row.base ?? undefined) as ChainId | undefined }
      : { kind: "snapshot", id: row.parent };
  const { diff_id: diffId, blob, chain_id: chainId } = row;
  return {
    id: row.id,
    base,
    size: row.size,
    createdAt: row.created,
    ...(diffId === null || blob === null || chainId === null
      ? {}
      : { layer: { diffId: diffId as DiffId, blob, chainId: chainId as ChainId } }),
    moved: row.moved === 1,
  };
}
