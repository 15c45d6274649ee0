import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Collection } from "../record-store.ts";
import type { VolumeRecord } from "../volume-store.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";
import { recoverReplacement } from "./volume-content.ts";
import { recoverFilling } from "./volume-copy-up.ts";
import { DATA, forgetHalfWritten, readDescription } from "./volume-description.ts";
import { recoverSnapshots } from "./volume-snapshots.ts";
import { forgetRemoval } from "./volume-trash.ts";

/** A volume that is being made, in the volumes' directory; a crash throws it away. */
export const NEW_VOLUME = ".new-";

/**
 * Makes records and directories agree, whatever moment the last process ended at. The directories say what
 * there is: one without a record is taken in, a record without one goes.
 */
export function recoverVolumes(
  paths: StorePaths,
  records: Collection<VolumeRecord>,
  deletion: Trash,
): void {
  deletion.resume();
  const found = new Set<string>();
  for (const name of readdirSync(paths.volumes)) {
    const directory = paths.volume(name);
    if (name.startsWith(NEW_VOLUME)) deletion.discard(directory);
    if (name.startsWith(".")) continue;
    recoverReplacement(directory, deletion);
    if (existsSync(join(directory, DATA))) {
      found.add(name);
      if (records.get(name) === undefined) records.put(name, readDescription(directory, name));
      recoverFilling(directory, deletion);
      recoverSnapshots(directory, deletion);
      forgetRemoval(directory);
      forgetHalfWritten(directory);
    } else if (records.get(name) === undefined) {
      // Killed before there was anything in it.
      deletion.discard(directory);
    } else found.add(name);
  }
  for (const { name, driver } of records.all()) {
    if (driver === "local" && !found.has(name)) records.delete(name);
  }
}
