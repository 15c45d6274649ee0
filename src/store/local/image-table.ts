import type { Database } from "bun:sqlite";
import type { Digest, ImageId } from "../../spec/index.ts";
import type { ImageRecord, ImageReference } from "../image-store.ts";

interface ReferenceRow {
  reference: string;
  image: string;
  digest: string | null;
}

/** Rows of images, of the blobs that they name, and of references to them. */
export class ImageTable {
  readonly #database: Database;
  readonly #get;
  readonly #byPrefix;
  readonly #reference;
  readonly #putReference;
  readonly #deleteReference;
  readonly #blobUsed;

  constructor(database: Database) {
    this.#database = database;
    this.#get = database.query<{ record: string }, [string]>(
      "SELECT record FROM images WHERE id = ?",
    );
    // Two are enough to know that a prefix is ambiguous.
    this.#byPrefix = database.query<{ id: string }, [string, string]>(
      "SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2",
    );
    this.#reference = database.query<ReferenceRow, [string]>(
      "SELECT * FROM image_references WHERE reference = ?",
    );
    this.#putReference = database.query<null, [string, string, string | null]>(
      "INSERT OR REPLACE INTO image_references (reference, image, digest) VALUES (?, ?, ?)",
    );
    this.#deleteReference = database.query<null, [string]>(
      "DELETE FROM image_references WHERE reference = ?",
    );
    this.#blobUsed = database.query<{ used: number }, { digest: string }>(
      `SELECT EXISTS (SELECT 1 FROM image_blobs WHERE digest = $digest)
        OR EXISTS (SELECT 1 FROM layers WHERE blob = $digest) AS used`,
    );
  }

  get(id: ImageId): ImageRecord | undefined {
    const row = this.#get.get(id);
    return row === null ? undefined : (JSON.parse(row.record) as ImageRecord);
  }

  all(): ImageRecord[] {
    const rows = this.#database.query<{ record: string }, []>("SELECT record FROM images").all();
    return rows.map(({ record }) => JSON.parse(record) as ImageRecord);
  }

  put(record: ImageRecord): void {
    const insert = this.#database.query<null, [string, string | null, string | null, string]>(
      "INSERT OR REPLACE INTO images (id, top, parent, record) VALUES (?, ?, ?, ?)",
    );
    const insertBlob = this.#database.query<null, [string, string]>(
      "INSERT OR IGNORE INTO image_blobs (image, digest) VALUES (?, ?)",
    );
    this.#database.transaction(() => {
      const top = record.layers.at(-1)?.chainId ?? null;
      insert.run(record.id, top, record.parent ?? null, JSON.stringify(record));
      this.#database.query("DELETE FROM image_blobs WHERE image = ?").run(record.id);
      for (const digest of blobsOf(record)) insertBlob.run(record.id, digest);
    })();
  }

  delete(id: ImageId): void {
    for (const sql of [
      "DELETE FROM images WHERE id = ?",
      "DELETE FROM image_blobs WHERE image = ?",
      "DELETE FROM image_references WHERE image = ?",
    ]) {
      this.#database.query(sql).run(id);
    }
  }

  /** At most two. */
  withPrefix(hex: string): ImageId[] {
    // `g` follows every hexadecimal digit.
    const rows = this.#byPrefix.all(`sha256:${hex}`, `sha256:${hex}g`);
    return rows.map(({ id }) => id as ImageId);
  }

  children(id: ImageId): ImageId[] {
    const sql = "SELECT id FROM images WHERE parent = ? ORDER BY id";
    const rows = this.#database.query<{ id: string }, [string]>(sql).all(id);
    return rows.map((row) => row.id as ImageId);
  }

  reference(reference: string): ImageReference | undefined {
    const row = this.#reference.get(reference);
    return row === null ? undefined : toReference(row);
  }

  references(id?: ImageId): ImageReference[] {
    const rows =
      id === undefined
        ? this.#database
            .query<ReferenceRow, []>("SELECT * FROM image_references ORDER BY reference")
            .all()
        : this.#database
            .query<ReferenceRow, [string]>(
              "SELECT * FROM image_references WHERE image = ? ORDER BY reference",
            )
            .all(id);
    return rows.map(toReference);
  }

  putReference({ reference, imageId, digest }: ImageReference): void {
    this.#putReference.run(reference, imageId, digest ?? null);
  }

  deleteReference(reference: string): void {
    this.#deleteReference.run(reference);
  }

  /** By an image or by an unpacked layer. */
  isBlobUsed(digest: Digest): boolean {
    return this.#blobUsed.get({ digest })?.used === 1;
  }
}

export function blobsOf(record: ImageRecord): Digest[] {
  return [
    record.id as string as Digest,
    record.manifest.digest,
    ...(record.index === undefined ? [] : [record.index.digest]),
    ...(record.attached ?? []),
    ...record.layers.map(({ blob }) => blob.digest),
  ];
}

function toReference(row: ReferenceRow): ImageReference {
  return {
    reference: row.reference,
    imageId: row.image as ImageId,
    ...(row.digest === null ? {} : { digest: row.digest as Digest }),
  };
}
