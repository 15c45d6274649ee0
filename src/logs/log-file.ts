import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { readAt, truncate, writeAt } from "../linux/descriptor.ts";
import { errorMessage } from "../spec/index.ts";
import { compressFile } from "./compress-file.ts";
import { COMPRESSED, type LogSeries } from "./log-series.ts";
import type { LogPosition } from "./log-writer.ts";

export interface LogFileLimits {
  /** Bytes after which the next write goes to a new file; Infinity for never. */
  maxSize: number;
  maxFiles: number;
  compress: boolean;
}

/** Something that could not be written for want of space. */
export interface Dropped {
  lines: number;
  bytes: number;
  reason: string;
}

/** The file of a series that is written to: appends, rotates, and goes on where a dead writer stopped. */
export class LogFile {
  readonly #series: LogSeries;
  readonly #limits: LogFileLimits;
  readonly #identify: (path: string, fd: number) => number;
  #fd = -1;
  #path = "";
  #file = 0;
  #offset = 0;
  #dropped: Dropped | undefined;
  #compressing = Promise.resolve();

  /** `identify` gives the number by which a position names a file. */
  constructor(
    series: LogSeries,
    limits: LogFileLimits,
    identify: (path: string, fd: number) => number = (_, fd) => fstatSync(fd).ino,
  ) {
    this.#series = series;
    this.#limits = limits;
    this.#identify = identify;
  }

  /**
   * Opens the newest file. What stands behind `resume`, a position that the dead writer had reported, is
   * cut off: it is about to be written again. Without `resume`, `validEnd` tells where whole records end.
   */
  open(resume: LogPosition | undefined, validEnd: (fd: number, size: number) => number): void {
    this.#series.removeLeftovers();
    const newest = this.#series.list().at(-1);
    if (newest === undefined) mkdirSync(this.#series.folder, { recursive: true, mode: 0o700 });
    // Otherwise the first write makes the file.
    else if (!newest.endsWith(COMPRESSED)) this.#reopen(newest, resume, validEnd);
    writeFileSync(this.#series.marker, "");
  }

  #reopen(
    path: string,
    resume: LogPosition | undefined,
    validEnd: (fd: number, size: number) => number,
  ): void {
    this.#openFile(path);
    const size = fstatSync(this.#fd).size;
    const end = this.#endFor(resume, size, validEnd);
    if (end < size) truncate(this.#fd, end);
    this.#offset = end;
  }

  #endFor(
    resume: LogPosition | undefined,
    size: number,
    validEnd: (fd: number, size: number) => number,
  ): number {
    if (resume === undefined) return validEnd(this.#fd, size);
    // A rotation that was not reported any more is the last thing that happened: the file is new.
    return resume.file === this.#file ? Math.min(resume.offset, size) : 0;
  }

  get offset(): number {
    return this.#offset;
  }

  position(): LogPosition {
    return { file: this.#file, offset: this.#offset };
  }

  /** Goes to a new file if this one is full; true when it did. */
  rotateIfFull(): boolean {
    if (this.#offset < this.#limits.maxSize) return false;
    // Open until the new one is there (and compressed), so that its inode number stays its own.
    const full = { path: this.#path, fd: this.#fd };
    try {
      this.#create();
    } catch (error) {
      console.error(`Cannot rotate "${full.path}": ${errorMessage(error)}`);
      return false;
    }
    if (this.#limits.compress && this.#limits.maxFiles > 1) this.#compress(full);
    else closeSync(full.fd);
    return true;
  }

  /** Appends, or drops and counts; true if it is written. `lines` is asked for what is dropped. */
  append(bytes: Uint8Array, length: number, lines: () => number): boolean {
    try {
      if (this.#fd < 0) this.#create();
      writeAt(this.#fd, bytes, length, this.#offset);
    } catch (error) {
      this.#drop(lines(), length, errorMessage(error));
      return false;
    }
    this.#offset += length;
    return true;
  }

  /** Reads what is written, up to the end; the number of bytes. */
  read(into: Uint8Array, length: number, offset: number): number {
    return readAt(this.#fd, into, Math.min(length, this.#offset - offset), offset);
  }

  /**
   * Writes what came, and before it a note about what has been dropped since the last write. The note
   * stays only if there is room for both, or a disk that is nearly full would fill with notes.
   */
  writeWithNote(writeNote: (dropped: Dropped) => boolean, write: () => boolean): void {
    const dropped = this.#dropped;
    if (dropped === undefined) {
      write();
      return;
    }
    const before = this.#offset;
    this.#dropped = undefined;
    if (writeNote(dropped) && write()) return;
    const { lines, bytes } = this.#dropped ?? { lines: 0, bytes: 0 };
    if (this.#offset === before) {
      // The note itself did not fit, and is none of the container's lines.
      this.#dropped = dropped;
      write();
      return;
    }
    this.#offset = before;
    this.#dropped = dropped;
    this.#drop(lines, bytes, dropped.reason);
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    rmSync(this.#series.marker, { force: true });
  }

  /** Resolves when no compression runs. */
  settled(): Promise<void> {
    return this.#compressing;
  }

  #drop(lines: number, bytes: number, reason: string): void {
    this.#dropped = {
      lines: (this.#dropped?.lines ?? 0) + lines,
      bytes: (this.#dropped?.bytes ?? 0) + bytes,
      reason,
    };
    // Half a record must not stay: a later one could be shorter than it.
    try {
      if (this.#fd >= 0) truncate(this.#fd, this.#offset);
    } catch {
      // The next write starts at the same offset, so nothing but a reader's last record is at stake.
    }
  }

  #create(): void {
    this.#openFile(this.#series.rotate(this.#limits.maxFiles));
    this.#offset = 0;
  }

  #openFile(path: string): void {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o640);
    this.#path = path;
    this.#file = this.#identify(path, this.#fd);
  }

  #compress({ path, fd }: { path: string; fd: number }): void {
    const inode = fstatSync(fd).ino;
    // Meanwhile a rotation may rename or remove the file.
    const find = (): string | undefined =>
      this.#series.list().find((candidate) => inodeOf(candidate) === inode);
    this.#compressing = this.#compressing
      .then(async () => {
        const current = find();
        if (current !== undefined) await compressFile(current, find);
      })
      .catch((error: unknown) => {
        console.error(`Cannot compress "${path}": ${errorMessage(error)}`);
      })
      .finally(() => closeSync(fd));
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
