import { closeSync } from "node:fs";
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  stat,
  unlink,
  utimes,
} from "node:fs/promises";
import { join } from "node:path";
import { tryLock } from "../../../linux/file.ts";
import { UploadBusy, type UploadStorage } from "../registry-storage.ts";
import { Turns } from "../turns.ts";
import { isErrno, unlessMissing } from "./errno.ts";
import { placeFile } from "./place-file.ts";

/** One write(2) takes this much, where few uploads run; two may be in memory for each. Bytes. */
const MOST_WRITE_SIZE = 1 << 20;
const LEAST_WRITE_SIZE = 64 << 10;
/** What all uploads together may hold that is not written yet. Bytes. */
const WRITE_BUDGET = 32 << 20;
/** So many uploads are read from at once; the others' connections wait. */
const READING = 8;
/** An upload's turn lasts for so much, but no longer than a second. Bytes. */
const TURN_SIZE = 16 << 20;
const TURN_TIME = 1000;
const READ_SIZE = 1 << 20;
const SUFFIX = ".part";

/** An upload is one file that grows. */
export class FileUploads implements UploadStorage {
  readonly readsUnsealed = true;
  private readonly busy = new Set<string>();
  private readonly turns = new Turns(READING, TURN_TIME);

  constructor(private readonly root: string) {}

  async create(id: string): Promise<void> {
    await mkdir(join(this.root, "uploads"), { recursive: true });
    await (await open(this.path(id), "wx")).close();
  }

  async size(id: string): Promise<number | undefined> {
    return (await unlessMissing(stat(this.path(id))))?.size;
  }

  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.busy.has(id)) throw new UploadBusy(id);
    this.busy.add(id);
    // Other servers on the same directory respect the lock; it ends with the process.
    const lock = tryLock(this.path(id));
    try {
      if (lock === undefined) throw new UploadBusy(id);
      return await work();
    } finally {
      if (lock !== undefined) closeSync(lock);
      this.busy.delete(id);
    }
  }

  async append(id: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    const file = await open(this.path(id), "r+");
    try {
      return await appendTo(file, source, this.turns, () => this.writeSize());
    } finally {
      await file.close();
    }
  }

  private writeSize(): number {
    const share = WRITE_BUDGET / (2 * Math.min(this.busy.size, READING));
    return Math.max(LEAST_WRITE_SIZE, Math.min(MOST_WRITE_SIZE, share));
  }

  async seal(id: string): Promise<void> {
    const file = await open(this.path(id), "r+");
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  async *read(id: string, start = 0): AsyncGenerator<Uint8Array> {
    const file = await open(this.path(id), "r");
    try {
      for (let at = start; ; ) {
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(READ_SIZE),
          0,
          READ_SIZE,
          at,
        );
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async publish(id: string, key: string): Promise<void> {
    const now = new Date();
    await utimes(this.path(id), now, now);
    await placeFile(join(this.root, key), async (path) => {
      try {
        await link(this.path(id), path);
      } catch (error) {
        if (!isErrno(error, "EEXIST")) throw error;
        await utimes(path, now, now);
      }
    });
  }

  async remove(id: string): Promise<void> {
    await unlessMissing(unlink(this.path(id)));
  }

  async *list(): AsyncGenerator<{ id: string; modifiedAt: number }> {
    for (const name of await readdir(join(this.root, "uploads"))) {
      if (!name.endsWith(SUFFIX)) continue;
      const id = name.slice(0, -SUFFIX.length);
      const found = await unlessMissing(stat(this.path(id)));
      if (found !== undefined) yield { id, modifiedAt: found.mtimeMs };
    }
  }

  private path(id: string): string {
    return join(this.root, "uploads", id + SUFFIX);
  }
}

/** The next piece is received and hashed while the one before it is written. */
async function appendTo(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  turns: Turns,
  writeSize: () => number,
): Promise<number> {
  let at = (await file.stat()).size;
  let pending: Uint8Array[] = [];
  let pendingSize = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    const [pieces, position] = [pending, at];
    at += pendingSize;
    pending = [];
    pendingSize = 0;
    writing = writeAll(file, pieces, position);
    // Whoever awaits it next sees the failure; until then it is no unhandled one.
    writing.catch(() => {});
  };
  let endTurn = await turns.take();
  let inTurn = 0;
  try {
    for await (const chunk of source) {
      pending.push(chunk);
      pendingSize += chunk.length;
      inTurn += chunk.length;
      if (pendingSize >= writeSize()) await flush();
      if (inTurn < TURN_SIZE) continue;
      endTurn();
      endTurn = await turns.take();
      inTurn = 0;
    }
  } finally {
    try {
      if (pendingSize > 0) await flush();
      await writing;
    } finally {
      endTurn();
    }
  }
  return at;
}

async function writeAll(file: FileHandle, pieces: Uint8Array[], position: number): Promise<void> {
  let rest = pieces;
  let at = position;
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    const left: Uint8Array[] = [];
    for (const piece of rest) {
      if (bytesWritten < piece.length) left.push(piece.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - piece.length);
    }
    rest = left;
  }
}
