import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isDirectory, lstatIfAny } from "../../linux/stat.ts";
import { letOthersWork } from "./let-others-work.ts";

/** Bytes of the files in a directory that others may be changing. */
export async function directorySize(directory: string): Promise<number> {
  let size = 0;
  for (const name of namesIn(directory)) {
    await letOthersWork();
    const place = join(directory, name);
    const status = lstatIfAny(place);
    if (status === undefined) continue;
    size += isDirectory(status) ? await directorySize(place) : status.size;
  }
  return size;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // It is gone meanwhile.
    return [];
  }
}
