import { type ArchiveChild, killOnAbort, spawnChild } from "../child-process.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { PackOptions } from "../tree-options.ts";
import type { PackRequest } from "./pack-child.ts";

/**
 * A deterministic tar of a tree: names in byte order, numeric owners, times in nanoseconds, xattrs, hard
 * links. Read by a process locked into `root`, as fast as the archive is consumed. Without `rename` a
 * directory's members are relative to it, and there is none for itself. `not-found` if `path` is not there.
 */
export async function* packTree(
  root: string,
  { signal, ...options }: PackOptions = {},
): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  const child = spawnPack({ ...options, root, mounts: options.mounts ?? [] });
  const release = killOnAbort(child, signal);
  try {
    const errors = new Response(child.stderr).text();
    yield* child.stdout;
    await child.exited;
    signal?.throwIfAborted();
    if (child.exitCode !== 0) throw childError("pack a tree", await errors, exitText(child));
  } finally {
    release();
    // A reader that stops early leaves the child in the middle of a write.
    child.kill("SIGKILL");
  }
}

export const spawnPack = (request: PackRequest): ArchiveChild =>
  spawnChild("pack", request, "ignore");
