import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FileType, isDirectory, lstatIfAny, type Status } from "../../linux/stat.ts";
import { getXattr } from "../../linux/xattr.ts";
import type { FilesystemChange } from "../../spec/index.ts";
import { treeUsage } from "./tree-usage.ts";

const Kind = { modified: 0, added: 1, deleted: 2 } as const;

/**
 * What has changed in a writable directory against the layers below it: Docker's notion, in which a
 * directory counts as modified if something in it has, or its owner or mode, and a file that was only
 * copied up does not count. Paths are those of the container, parents before children.
 */
export async function containerChanges(
  upper: string,
  /** Topmost first. */
  lower: readonly string[],
): Promise<FilesystemChange[]> {
  return changesIn(upper, lower, "");
}

async function changesIn(
  upper: string,
  lower: readonly string[],
  path: string,
): Promise<FilesystemChange[]> {
  const changes: FilesystemChange[] = [];
  for (const [index, name] of (await sortedNames(upper)).entries()) {
    await letOthersWork(index);
    const place = join(upper, name);
    const status = lstatIfAny(place);
    if (status === undefined) continue;
    const below = lookUp(lower, name);
    changes.push(...(await changesOf(place, status, below, `${path}/${name}`)));
  }
  return changes;
}

async function changesOf(
  place: string,
  status: Status,
  below: Below,
  path: string,
): Promise<FilesystemChange[]> {
  if (isWhiteout(status)) {
    return below.status === undefined ? [] : [{ Path: path, Kind: Kind.deleted }];
  }
  if (below.status === undefined) {
    const inside = isDirectory(status) ? await changesIn(place, [], path) : [];
    return [{ Path: path, Kind: Kind.added }, ...inside];
  }
  const changed = differs(status, below.status);
  if (!isDirectory(status)) return changed ? [{ Path: path, Kind: Kind.modified }] : [];
  const opaque = getXattr(place, "trusted.overlay.opaque")?.toString() === "y";
  const inside = await changesIn(place, below.directories, path);
  if (opaque) await addHidden(inside, place, below.directories, path);
  if (!changed && inside.length === 0) return [];
  return [{ Path: path, Kind: Kind.modified }, ...inside];
}

/** A directory that replaces the one below it deletes what it does not bring itself. */
async function addHidden(
  changes: FilesystemChange[],
  place: string,
  lower: readonly string[],
  path: string,
): Promise<void> {
  const own = new Set(await sortedNames(place));
  const names = new Set((await Promise.all(lower.map(sortedNames))).flat());
  for (const name of names) {
    if (!own.has(name) && lookUp(lower, name).status !== undefined) {
      changes.push({ Path: `${path}/${name}`, Kind: Kind.deleted });
    }
  }
  changes.sort((a, b) => compareBytes(a.Path, b.Path));
}

interface Below {
  /** Of what the lower layers show under that name. */
  status: Status | undefined;
  /** If that is a directory: those that it is merged from, topmost first. */
  directories: string[];
}

/** As overlay looks a name up: the topmost wins, directories merge until something else or an opaque one. */
function lookUp(lower: readonly string[], name: string): Below {
  const below: Below = { status: undefined, directories: [] };
  for (const directory of lower) {
    const place = join(directory, name);
    const status = lstatIfAny(place);
    if (status === undefined) continue;
    if (isWhiteout(status)) break;
    if (!isDirectory(status)) {
      below.status ??= status;
      break;
    }
    below.status ??= status;
    below.directories.push(place);
    if (getXattr(place, "trusted.overlay.opaque")?.toString() === "y") break;
  }
  return below;
}

function isWhiteout(status: Status): boolean {
  const character = (status.mode & FileType.mask) === FileType.character;
  return character && status.major === 0 && status.minor === 0;
}

/** Size and time of a directory say nothing about what it is. */
function differs(now: Status, before: Status): boolean {
  if (now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid) return true;
  if (now.major !== before.major || now.minor !== before.minor) return true;
  if (isDirectory(now)) return false;
  return (
    now.size !== before.size ||
    now.modified.seconds !== before.modified.seconds ||
    now.modified.nanoseconds !== before.modified.nanoseconds
  );
}

async function sortedNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).sort(compareBytes);
}

/** Looking at files is synchronous; in a long directory everybody else gets a turn now and then. */
async function letOthersWork(index: number): Promise<void> {
  if (index % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
}

const compareBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Bytes of the files in a tree, a file with several names once. */
export async function treeSize(directory: string): Promise<number> {
  return (await treeUsage(directory)).bytes;
}
