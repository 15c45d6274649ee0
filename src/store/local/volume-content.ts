import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { rename } from "../../linux/file.ts";
import type { Fill, VolumeSnapshot } from "../volume-store.ts";
import type { Trash } from "./trash.ts";
import { DATA } from "./volume-description.ts";
import { describeSnapshot, readSnapshot, takeSnapshotIn } from "./volume-snapshots.ts";

/** The new content while it gathers; a crash throws it away. */
const INCOMING = ".incoming";
/** The new content when it is whole; a crash goes on with that. */
const READY = ".ready";
/** Gets the former content, to become a snapshot if it says which. */
const FORMER = ".former";

/**
 * Replaces what a volume holds by what `fill` makes. Its former content becomes `former`, or goes.
 * `check` throws if somebody has come to use the volume meanwhile.
 */
export async function replaceContent(
  volume: string,
  former: VolumeSnapshot | undefined,
  fill: Fill,
  trash: Trash,
  check: () => void,
): Promise<void> {
  const incoming = join(volume, INCOMING);
  trash.discard(incoming);
  mkdirSync(incoming, { mode: 0o701 });
  try {
    await fill(incoming);
    check();
  } catch (error) {
    trash.discard(incoming);
    throw error;
  }
  mkdirSync(join(volume, FORMER), { mode: 0o700 });
  if (former !== undefined) describeSnapshot(join(volume, FORMER), former);
  rename(incoming, join(volume, READY));
  finishReplacement(volume, trash);
}

/** Goes on where a crash has left a volume: each step tells by what is there whether it is done. */
export function recoverReplacement(volume: string, trash: Trash): void {
  trash.discard(join(volume, INCOMING));
  finishReplacement(volume, trash);
}

function finishReplacement(volume: string, trash: Trash): void {
  const [data, ready, former] = [DATA, READY, FORMER].map((name) => join(volume, name)) as [
    string,
    string,
    string,
  ];
  if (existsSync(ready)) {
    if (existsSync(data)) rename(data, join(former, DATA), "noReplace");
    rename(ready, data, "noReplace");
  }
  if (!existsSync(former)) return;
  const snapshot = readSnapshot(former);
  if (snapshot !== undefined && existsSync(join(former, DATA))) {
    takeSnapshotIn(volume, former, snapshot.name);
  } else trash.discard(former);
}
