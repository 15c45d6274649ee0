import { makePipe } from "../../linux/descriptor.ts";
import { close } from "../../linux/file.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { PackRequest } from "../pack/pack-child.ts";
import { spawnPackInto } from "../pack/pack-tree.ts";
import type { UnpackResult } from "../tree-options.ts";
import type { UnpackRequest } from "../unpack/unpack-child.ts";
import { resultOf, spawnUnpack } from "../unpack/unpack-tar.ts";

const PIPE_CAPACITY = 1024 * 1024;

/**
 * Packs one tree and unpacks it into another, each in a process of its own, joined by a pipe of the kernel:
 * nothing passes through this one. Errors as of `packTree` and `unpackTar`.
 */
export async function transferTree(
  from: PackRequest,
  to: UnpackRequest,
  signal?: AbortSignal,
): Promise<UnpackResult> {
  signal?.throwIfAborted();
  const { reader, writer } = makePipe(PIPE_CAPACITY);
  const packing = spawnPackInto(from, writer);
  const unpacking = spawnUnpack({ ...to, unhashed: true }, reader);
  close(reader);
  close(writer);
  const kill = () => {
    packing.kill("SIGKILL");
    unpacking.kill("SIGKILL");
  };
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const complaints = new Response(packing.stderr).text();
    const result = resultOf(unpacking);
    result.catch(() => packing.kill("SIGKILL"));
    await Promise.all([packing.exited, unpacking.exited]);
    signal?.throwIfAborted();
    // A packer that fails cuts the archive off: its own reason is the better one, unless it was ended.
    if (packing.exitCode !== 0 && packing.signalCode === null) {
      throw childError("pack a tree", await complaints, exitText(packing));
    }
    return await result;
  } finally {
    signal?.removeEventListener("abort", kill);
    kill();
  }
}
