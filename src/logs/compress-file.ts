import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { setTimes } from "../linux/file.ts";
import { COMPRESSED, COMPRESSING } from "./log-series.ts";

/**
 * Puts `<path>.gz` in the place of a finished log file. `currentPath` is asked at the end, because the file
 * may have been renamed by a rotation, or be gone.
 */
export async function compressFile(
  path: string,
  currentPath: () => string | undefined,
): Promise<void> {
  const temporary = path + COMPRESSING;
  try {
    await pipeline(
      createReadStream(path),
      createGzip({ level: 1 }),
      createWriteStream(temporary, { mode: 0o640 }),
    );
    const target = currentPath();
    if (target === undefined) return;
    // Readers tell by this time which file is newer than another.
    const { mtimeNs } = await stat(target, { bigint: true });
    setTimes(temporary, {
      seconds: Number(mtimeNs / 1_000_000_000n),
      nanoseconds: Number(mtimeNs % 1_000_000_000n),
    });
    await rename(temporary, target + COMPRESSED);
    await rm(target, { force: true });
  } finally {
    await rm(temporary, { force: true });
  }
}
