import { killOnAbort, resultOf, spawnChild } from "../child-process.ts";
import type { TransferRequest, TransferResult } from "./transfer-child.ts";

export type { TransferRequest, TransferResult } from "./transfer-child.ts";

/**
 * Copies between a tree that may be hostile and a directory of the host, in a process of its own that is
 * locked into the tree. Errors as of `packTree` and `unpackTar`; what was copied until then stays.
 */
export async function transferTree(
  request: TransferRequest,
  signal?: AbortSignal,
): Promise<TransferResult> {
  signal?.throwIfAborted();
  const child = spawnChild("transfer", request, "ignore");
  const release = killOnAbort(child, signal);
  try {
    return await resultOf(child, "copy a tree");
  } finally {
    release();
    signal?.throwIfAborted();
  }
}
