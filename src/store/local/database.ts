import { Database } from "bun:sqlite";
import { closeSync, fstatSync, openSync } from "node:fs";
import { reserve } from "../../linux/descriptor.ts";
import { SyscallError } from "../../linux/errno.ts";
import { internal } from "../../spec/index.ts";

/**
 * One step per schema version, in order; `user_version` counts the steps that a file has had. A step is
 * never changed once released, only followed.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records (collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (collection, key)) WITHOUT ROWID;
  CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, payload TEXT NOT NULL);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE layers (chain_id TEXT PRIMARY KEY, parent TEXT, diff_id TEXT NOT NULL, blob TEXT,
    size INTEGER NOT NULL, synced INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX layers_parent ON layers (parent);
  CREATE INDEX layers_blob ON layers (blob);
  CREATE TABLE containers (id TEXT PRIMARY KEY, top TEXT) WITHOUT ROWID;
  CREATE INDEX containers_top ON containers (top);

  CREATE TABLE images (id TEXT PRIMARY KEY, top TEXT, parent TEXT, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX images_top ON images (top);
  CREATE INDEX images_parent ON images (parent);
  CREATE TABLE image_blobs (image TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (image, digest)) WITHOUT ROWID;
  CREATE INDEX image_blobs_digest ON image_blobs (digest);
  CREATE TABLE image_references (reference TEXT PRIMARY KEY, image TEXT NOT NULL, digest TEXT)
    WITHOUT ROWID;
  CREATE INDEX image_references_image ON image_references (image);
  `,
  `
  CREATE TABLE build_snapshots (id TEXT PRIMARY KEY, parent TEXT, base TEXT, size INTEGER NOT NULL,
    created TEXT NOT NULL, synced INTEGER NOT NULL, diff_id TEXT, blob TEXT, chain_id TEXT,
    moved INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX build_snapshots_parent ON build_snapshots (parent);
  CREATE INDEX build_snapshots_base ON build_snapshots (base);
  CREATE INDEX build_snapshots_chain ON build_snapshots (chain_id);
  `,
];

/**
 * Opens the database and brings its schema up to date.
 *
 * WAL with synchronous=NORMAL: a commit is a write(2) to the log without a sync. The page cache outlives
 * the process, so nothing that has been committed is lost when it is killed. Only a power loss may take
 * back the last commits; checkpoints sync in the order that keeps the file whole
 * (sqlite.org/pragma.html#pragma_synchronous).
 */
export function openDatabase(path: string): Database {
  const database = new Database(path, { create: true, strict: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = NORMAL");
  database.run("PRAGMA busy_timeout = 5000");
  migrate(database, path);
  for (const file of [path, `${path}-wal`]) reserveSpace(file);
  return database;
}

/** Of the records of a thousand containers; the log starts anew at that size (wal_autocheckpoint). */
const RESERVE = 4 * 1024 * 1024;

/**
 * On a full disk the end of what runs can still be recorded, and what takes the space can be removed. Where
 * the file system cannot set space aside, or has none left, it has to do without.
 */
function reserveSpace(path: string): void {
  try {
    const fd = openSync(path, "r+");
    try {
      reserve(fd, fstatSync(fd).size + RESERVE);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

function migrate(database: Database, path: string): void {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  const version = row?.user_version ?? 0;
  if (version > MIGRATIONS.length) {
    database.close();
    throw internal(
      `Cannot open "${path}": its schema ${version} is of a later Berth, this one knows ${MIGRATIONS.length}`,
    );
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    database.transaction(() => {
      database.run(MIGRATIONS[next] ?? "");
      database.run(`PRAGMA user_version = ${next + 1}`);
    })();
  }
}
