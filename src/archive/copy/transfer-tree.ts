import { killOnAbort, newsOf, spawnChild } from "../child-process.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { TransferRequest, TransferResult } from "./transfer-child.ts";

export type { TransferRequest, TransferResult } from "./transfer-child.ts";

/**
 * Copies between a tree that may be hostile and a directory of the host, in a process of its own that is
 * locked into the tree. Tells how far it is a few times a second, in the end the whole. Errors as of
 * `packTree` and `unpackTar`; what was copied until then stays.
 */
export async function* transferTree(
  request: TransferRequest,
  signal?: AbortSignal,
): AsyncGenerator<TransferResult> {
  signal?.throwIfAborted();
  const child = spawnChild("transfer", request, "ignore");
  const release = killOnAbort(child, signal);
  try {
    const errors = new Response(child.stderr).text();
    yield* newsOf<TransferResult>(child);
    await child.exited;
    signal?.throwIfAborted();
    if (child.exitCode !== 0) throw childError("copy a tree", await errors, exitText(child));
  } finally {
    release();
    child.kill("SIGKILL");
  }
}
