import { existsSync, statSync } from "node:fs";
import { Errno, isErrno } from "../linux/errno.ts";
import type { DirectoryWatcher } from "../linux/inotify.ts";
import type { LogFormat } from "./log-format.ts";
import type { LogRenderer } from "./log-renderer.ts";
import type { LogSeries } from "./log-series.ts";
import { SnapshotFile } from "./log-snapshot.ts";
import { readFile } from "./read-file.ts";

/**
 * Goes on from `offset` in the newest of `files` with whatever is appended, over rotations, until the
 * writer has closed the log or the signal aborts. Files that it opens itself it closes itself.
 */
export async function* followLog(
  format: LogFormat,
  watcher: DirectoryWatcher,
  files: readonly SnapshotFile[],
  offset: number,
  renderer: LogRenderer,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const changes = watchChanges(watcher, format.series.folder, signal);
  if (changes === undefined) return;
  const reader = new FollowedFiles(format.series, files.at(-1), offset);
  try {
    while (!signal.aborted) {
      // Looked at before the reading: what the writer wrote before it closed is then read below.
      const isOpen = existsSync(format.series.marker);
      for (;;) {
        const file = reader.current;
        const newer = reader.findNewer();
        if (file !== undefined) {
          const end = yield* readFile(format, await file.open(), reader.offset, renderer, signal);
          if (end === undefined) return;
          reader.offset = end;
        }
        if (newer === undefined) break;
        reader.moveTo(newer);
      }
      if (!isOpen) return;
      await changes.next();
    }
  } finally {
    changes.stop();
    reader.close();
  }
}

/** The file that is followed, and its successors. */
class FollowedFiles {
  current: SnapshotFile | undefined;
  offset: number;
  readonly #series: LogSeries;
  #own: SnapshotFile | undefined;

  constructor(series: LogSeries, current: SnapshotFile | undefined, offset: number) {
    this.#series = series;
    this.current = current;
    this.offset = offset;
  }

  /** The next newer file, which the writer has made after its last write to this one. */
  findNewer(): SnapshotFile | undefined {
    const paths = this.#series.list();
    const position = paths.findIndex((path) => inodeOf(path) === this.current?.inode);
    const modified = position < 0 ? (this.current?.lastModified() ?? -1n) : -1n;
    for (const path of paths.slice(position + 1)) {
      try {
        const file = new SnapshotFile(path);
        // Ours has been compressed or removed: newer is what was written to later.
        if (file.inode !== this.current?.inode && file.modified > modified) return file;
        file.close();
      } catch (error) {
        if (!isErrno(error, Errno.ENOENT)) throw error;
      }
    }
    return undefined;
  }

  moveTo(file: SnapshotFile): void {
    this.close();
    this.#own = file;
    this.current = file;
    this.offset = 0;
  }

  close(): void {
    this.#own?.close();
    this.#own = undefined;
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

interface Changes {
  /** Resolves when something has changed since the last call, or at the abort. */
  next(): Promise<void>;
  stop(): void;
}

function watchChanges(
  watcher: DirectoryWatcher,
  folder: string,
  signal: AbortSignal,
): Changes | undefined {
  let changed = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    changed = true;
    wake?.();
  };
  let unwatch: () => void;
  try {
    unwatch = watcher.watch(folder, notify);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return undefined;
    throw error;
  }
  signal.addEventListener("abort", notify, { once: true });
  return {
    async next() {
      if (!changed && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      changed = false;
    },
    stop() {
      signal.removeEventListener("abort", notify);
      unwatch();
    },
  };
}
