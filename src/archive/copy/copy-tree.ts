import { type ArchiveChild, killOnAbort, newsOf, spawnChild } from "../child-process.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { CopyNews, CopyRequest } from "./copy-tree-child.ts";

export type { CopyNews } from "./copy-tree-child.ts";

export interface CopyTreeOptions {
  /** `failed-precondition` where the file system cannot share blocks between the two. */
  sharedOnly?: boolean;
  /** Called a few times a second at most. */
  onProgress?: (news: CopyNews) => void;
  /** The source has been read; what still goes on is the write-back to the disk. */
  onCopied?: () => void | Promise<void>;
  signal?: AbortSignal;
}

/**
 * Copies what is in a directory, and the directory's own owner, mode, times and attributes, into an empty
 * one, in a process of its own: sharing blocks where the file system can (xfs, btrfs), else by
 * copy_file_range(2), holes kept. It is on the disk when this resolves. What a failure leaves in the target
 * is the caller's to remove.
 */
export async function copyTree(
  source: string,
  target: string,
  options: CopyTreeOptions = {},
): Promise<CopyNews> {
  const { signal } = options;
  signal?.throwIfAborted();
  const request: CopyRequest = { source, target, sharedOnly: options.sharedOnly === true };
  const child = spawnChild("copy-tree", request, "ignore");
  const release = killOnAbort(child, signal);
  try {
    const errors = new Response(child.stderr).text();
    const last = await follow(child, options);
    await child.exited;
    signal?.throwIfAborted();
    if (child.exitCode !== 0 || last?.copied !== true) {
      throw childError("copy a tree", await errors, exitText(child));
    }
    return last;
  } finally {
    release();
    child.kill("SIGKILL");
  }
}

async function follow(
  child: ArchiveChild,
  { onProgress, onCopied }: CopyTreeOptions,
): Promise<CopyNews | undefined> {
  let last: CopyNews | undefined;
  for await (const news of newsOf<CopyNews>(child)) {
    last = news;
    onProgress?.(news);
    if (news.copied) await onCopied?.();
  }
  return last;
}
