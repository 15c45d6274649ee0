import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "./errno.ts";

const TRIES = 10;

/** Puts a file at a path. Empty directories are taken away, so one can vanish between its making and its use. */
export async function placeFile(path: string, put: (path: string) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(dirname(path), { recursive: true });
    try {
      return await put(path);
    } catch (error) {
      if (!isErrno(error, "ENOENT") || attempt === TRIES) throw error;
    }
  }
}
