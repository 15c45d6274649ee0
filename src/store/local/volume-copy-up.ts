import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packTree, unpackTar } from "../../archive/index.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import { close, rename } from "../../linux/file.ts";
import { locateInRoot, openRoot } from "../../linux/in-root.ts";
import { fstat, isDirectory, lstat, type Status } from "../../linux/stat.ts";
import { shareQuota } from "./directory-quota.ts";
import type { Trash } from "./trash.ts";

/** Gathers what a volume is to be filled with; a crash throws it away. */
const GATHERING = ".filling";
/** Complete, on its way into the volume name by name; a crash goes on with that. */
const READY = ".filled";

/**
 * Fills an empty volume with a directory of a tree. The content gathers beside the volume and then moves
 * in, so that a crash never leaves a part of it, and nothing that somebody else has put there meanwhile is
 * replaced.
 */
export async function fillVolume(
  volume: string,
  root: string,
  path: string,
  trash: Trash,
): Promise<void> {
  const data = join(volume, "_data");
  // Names cannot move to another file system.
  if (lstat(data).mountRoot) return await fillDirectory(data, root, path);
  if (readdirSync(data).length > 0) return;
  const source = directoryIn(root, path);
  if (source === undefined) return;
  if (source.empty) describe(data, source.status);
  else await copyContent(volume, source.status, packTree(root, { path: `${path}/.` }), trash);
}

/** As `fillVolume`, straight into a directory: a crash may leave a part. */
export async function fillDirectory(data: string, root: string, path: string): Promise<void> {
  if (readdirSync(data).length > 0) return;
  const source = directoryIn(root, path);
  if (source === undefined) return;
  if (!source.empty) {
    await unpackTar(packTree(root, { path: `${path}/.` }), data, { mode: "plain" });
  }
  describe(data, source.status);
}

async function copyContent(
  volume: string,
  top: Status,
  tar: AsyncIterable<Uint8Array>,
  trash: Trash,
): Promise<void> {
  const gathering = join(volume, GATHERING);
  trash.discard(gathering);
  mkdirSync(gathering);
  shareQuota(join(volume, "_data"), gathering);
  await unpackTar(tar, gathering, { mode: "plain" });
  describe(gathering, top);
  rename(gathering, join(volume, READY));
  finishFilling(volume);
}

function describe(directory: string, { uid, gid, mode }: Status): void {
  chownSync(directory, uid, gid);
  chmodSync(directory, mode & 0o7777);
}

/** Goes on where a crash has left a volume. */
export function recoverFilling(volume: string, trash: Trash): void {
  trash.discard(join(volume, GATHERING));
  finishFilling(volume);
}

function finishFilling(volume: string): void {
  const ready = join(volume, READY);
  let names: string[];
  try {
    names = readdirSync(ready);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return;
    throw error;
  }
  const top = lstat(ready);
  for (const name of names) moveIn(join(ready, name), join(volume, "_data", name));
  describe(join(volume, "_data"), top);
  // Not empty where somebody else was faster; theirs stays.
  rmSync(ready, { recursive: true });
}

function moveIn(from: string, to: string): void {
  try {
    rename(from, to, "noReplace");
  } catch (error) {
    if (!isErrno(error, Errno.EEXIST)) throw error;
  }
}

interface SourceDirectory {
  status: Status;
  empty: boolean;
}

/** `undefined` when the tree has no directory there. Symlinks resolve in the tree. */
function directoryIn(root: string, path: string): SourceDirectory | undefined {
  const rootFd = openRoot(root);
  const fd = locateInRoot(rootFd, path);
  close(rootFd);
  if (fd === undefined) return undefined;
  try {
    const status = fstat(fd);
    if (!isDirectory(status)) return undefined;
    return { status, empty: readdirSync(`/proc/self/fd/${fd}`).length === 0 };
  } finally {
    close(fd);
  }
}
