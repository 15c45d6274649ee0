import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { isDirectory, lstatIfAny } from "../../linux/stat.ts";
import type { TreeUsage } from "../volume-store.ts";

/** Looking at files is synchronous; everybody else gets a turn now and then. */
const TURN = 1000;

/** Walks a tree. What vanishes meanwhile is not counted. */
export async function treeUsage(directory: string): Promise<TreeUsage> {
  const seen = new Set<number>();
  const usage: TreeUsage = { bytes: 0, diskBytes: 0, files: 0 };
  const visit = async (path: string): Promise<void> => {
    for (const name of await namesIn(path)) {
      if (++usage.files % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      const place = join(path, name);
      const status = lstatIfAny(place);
      if (status === undefined) continue;
      if (status.links < 2 || isDirectory(status) || !seen.has(status.inode)) {
        usage.diskBytes += status.blocks * 512;
        if (!isDirectory(status)) {
          if (status.links > 1) seen.add(status.inode);
          usage.bytes += status.size;
        }
      }
      if (isDirectory(status)) await visit(place);
    }
  };
  await visit(directory);
  return usage;
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ENOTDIR)) return [];
    throw error;
  }
}
