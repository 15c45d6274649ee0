import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  rmSync,
} from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Errno, isErrno } from "../linux/errno.ts";
import { COMPRESSED, type LogSeries } from "./log-series.ts";

/** One file of a log, open: a rotation cannot take it away. */
export class SnapshotFile {
  readonly path: string;
  readonly inode: number;
  /** Nanoseconds since the epoch of the last change. */
  readonly modified: bigint;
  #fd: number;
  #compressed: boolean;

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "r");
    this.#compressed = path.endsWith(COMPRESSED);
    const stat = fstatSync(this.#fd, { bigint: true });
    this.inode = Number(stat.ino);
    this.modified = stat.mtimeNs;
  }

  /** The descriptor of the plain content, which is unpacked into a nameless file if need be. */
  async open(): Promise<number> {
    if (!this.#compressed) return this.#fd;
    const path = `${this.path}.${crypto.randomUUID()}.reading`;
    try {
      const output = createWriteStream(path, { mode: 0o600 });
      await pipeline(createReadStream(this.path), createGunzip(), output);
      const plain = openSync(path, "r");
      closeSync(this.#fd);
      this.#fd = plain;
      this.#compressed = false;
      return plain;
    } finally {
      rmSync(path, { force: true });
    }
  }

  size(): number {
    return fstatSync(this.#fd).size;
  }

  lastModified(): bigint {
    return fstatSync(this.#fd, { bigint: true }).mtimeNs;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Opens all files of a log as they stand at one instant, oldest first. */
export function openSnapshot(series: LogSeries): SnapshotFile[] {
  const ATTEMPTS = 20; // a rotation in between means: once more
  for (let attempt = 1; ; attempt++) {
    const before = series.list();
    const files = tryOpen(before);
    const same = files !== undefined && sameFiles(series.list(), before, files);
    if (same || (files !== undefined && attempt === ATTEMPTS)) return files;
    for (const file of files ?? []) file.close();
    if (attempt >= ATTEMPTS) return [];
  }
}

function tryOpen(paths: readonly string[]): SnapshotFile[] | undefined {
  const files: SnapshotFile[] = [];
  try {
    for (const path of paths) files.push(new SnapshotFile(path));
    return files;
  } catch (error) {
    for (const file of files) file.close();
    if (isErrno(error, Errno.ENOENT)) return undefined;
    throw error;
  }
}

function sameFiles(
  now: readonly string[],
  before: readonly string[],
  files: readonly SnapshotFile[],
): boolean {
  if (now.length !== before.length || now.some((path, index) => path !== before[index]))
    return false;
  // Renaming leaves the names: the files behind them must be different ones.
  const again = tryOpen(now);
  const same = again?.every((file, index) => file.inode === files[index]?.inode) ?? false;
  for (const file of again ?? []) file.close();
  return same;
}
