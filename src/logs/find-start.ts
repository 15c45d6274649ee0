import type { LogFormat } from "./log-format.ts";
import type { SnapshotFile } from "./log-snapshot.ts";

export interface LogStart {
  /** Index into the files. */
  file: number;
  offset: number;
  /** Lines to leave out from there. */
  skip: number;
}

/**
 * Where a reading begins. As with Docker, `tail` counts all lines, before streams and times are looked at.
 * Files that cannot hold anything wanted are not opened.
 */
export async function findStart(
  format: LogFormat,
  files: readonly SnapshotFile[],
  wanted: { tail?: number; since?: bigint },
): Promise<LogStart> {
  const first = await findSince(format, files, wanted.since);
  if (wanted.tail === undefined) return first;
  const tail = await findTail(format, files, wanted.tail);
  const isLater =
    tail.file > first.file || (tail.file === first.file && tail.offset > first.offset);
  return isLater || tail.skip > 0 ? tail : first;
}

async function findSince(
  format: LogFormat,
  files: readonly SnapshotFile[],
  since: bigint | undefined,
): Promise<LogStart> {
  if (since === undefined) return { file: 0, offset: 0, skip: 0 };
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (file === undefined) continue;
    // What was last changed before `since` holds nothing, nor do the older ones.
    if (file.modified < since) return { file: index, offset: file.size(), skip: 0 };
    const fd = await file.open();
    const time = format.firstTime(fd, file.size());
    if (time !== undefined && time < since) {
      return { file: index, offset: format.seek(fd, file.size(), since), skip: 0 };
    }
  }
  return { file: 0, offset: 0, skip: 0 };
}

async function findTail(
  format: LogFormat,
  files: readonly SnapshotFile[],
  lines: number,
): Promise<LogStart> {
  let missing = lines;
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (file === undefined) continue;
    const { offset, skip, found } = format.tail(await file.open(), file.size(), missing);
    if (found >= missing) return { file: index, offset, skip };
    missing -= found;
  }
  return { file: 0, offset: 0, skip: 0 };
}
