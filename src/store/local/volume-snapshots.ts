import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { rename } from "../../linux/file.ts";
import { conflict, invalidArgument, notFound } from "../../spec/index.ts";
import type { Fill, VolumeSnapshot } from "../volume-store.ts";
import type { Trash } from "./trash.ts";
import { DATA, readJson, writeJson } from "./volume-description.ts";

/** Below a volume's directory: they go wherever it goes. */
const SNAPSHOTS = "snapshots";
const DESCRIPTION = "snapshot.json";
/** Being made; a crash throws it away. */
const GATHERING = ".snapshot-";

/** `NAME` or `NAME@SNAPSHOT`. */
export function splitRef(ref: string): [name: string, snapshot: string | undefined] {
  const at = ref.indexOf("@");
  return at < 0 ? [ref, undefined] : [ref.slice(0, at), ref.slice(at + 1)];
}

export const snapshotDirectory = (volume: string, name: string): string =>
  join(volume, SNAPSHOTS, name);

/** Names as of volumes, one letter is enough. */
export function checkSnapshotName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) && name.length <= 200) return;
  throw invalidArgument(
    `Cannot name a snapshot "${name}": letters, digits, "_", "." and "-" are allowed, a letter or digit first`,
  );
}

/** Oldest first. */
export function listSnapshots(volume: string): VolumeSnapshot[] {
  const directory = join(volume, SNAPSHOTS);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((name) => {
      const written = readJson<VolumeSnapshot>(join(directory, name, DESCRIPTION));
      return written === undefined ? [] : [{ ...written, name }];
    })
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** Where the content of a snapshot is. */
export function snapshotContent(volume: string, volumeName: string, name: string): string {
  const content = join(snapshotDirectory(volume, name), DATA);
  checkSnapshotName(name);
  if (existsSync(content)) return content;
  throw notFound(`Cannot find snapshot "${name}" of volume "${volumeName}"`);
}

export async function makeSnapshot(
  volume: string,
  snapshot: VolumeSnapshot,
  fill: Fill,
  trash: Trash,
): Promise<void> {
  checkSnapshotName(snapshot.name);
  const target = snapshotDirectory(volume, snapshot.name);
  const taken = () => conflict(`Cannot make snapshot "${snapshot.name}": there is one already`);
  if (existsSync(target)) throw taken();
  const gathering = join(volume, `${GATHERING}${randomBytes(6).toString("hex")}`);
  try {
    mkdirSync(join(gathering, DATA), { recursive: true, mode: 0o701 });
    await fill(join(gathering, DATA));
    writeJson(join(gathering, DESCRIPTION), snapshot);
    mkdirSync(join(volume, SNAPSHOTS), { recursive: true, mode: 0o701 });
    rename(gathering, target, "noReplace");
  } catch (error) {
    trash.discard(gathering);
    throw isErrno(error, Errno.EEXIST) ? taken() : error;
  }
}

/** A copy beside a volume that a crash throws away, as `discard` does. */
export async function makeScratchCopy(
  volume: string,
  fill: Fill,
  trash: Trash,
): Promise<{ directory: string; discard(): void }> {
  const gathering = join(volume, `${GATHERING}${randomBytes(6).toString("hex")}`);
  const directory = join(gathering, DATA);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o701 });
    await fill(directory);
  } catch (error) {
    trash.discard(gathering);
    throw error;
  }
  return { directory, discard: () => trash.discard(gathering) };
}

/** Describes content that is about to become a snapshot. */
export function describeSnapshot(directory: string, snapshot: VolumeSnapshot): void {
  writeJson(join(directory, DESCRIPTION), snapshot);
}

export function readSnapshot(directory: string): VolumeSnapshot | undefined {
  return readJson<VolumeSnapshot>(join(directory, DESCRIPTION));
}

/** A directory with content and description takes its place. Another name if it is taken. */
export function takeSnapshotIn(volume: string, directory: string, name: string): void {
  mkdirSync(join(volume, SNAPSHOTS), { recursive: true, mode: 0o701 });
  const free = existsSync(snapshotDirectory(volume, name))
    ? `${name}-${randomBytes(3).toString("hex")}`
    : name;
  rename(directory, snapshotDirectory(volume, free), "noReplace");
}

/** Throws away what a crash has left half-made. */
export function recoverSnapshots(volume: string, trash: Trash): void {
  for (const name of readdirSync(volume)) {
    if (name.startsWith(GATHERING)) trash.discard(join(volume, name));
  }
}
