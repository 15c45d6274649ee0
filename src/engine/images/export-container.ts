import { packTree } from "../../archive/index.ts";
import type { ImageContext } from "./image-context.ts";
import type { ByteStream } from "./image-service.ts";

/** The container's whole tree as a tar. Resolves when the tree is mounted and can be read. */
export async function exportContainer(
  context: Pick<ImageContext, "store">,
  containerId: string,
  signal?: AbortSignal,
): Promise<ByteStream> {
  const { snapshots } = context.store;
  const mounted = Promise.withResolvers<string>();
  const finished = Promise.withResolvers<void>();
  const lent = snapshots.withMounted(containerId, async (rootfs) => {
    mounted.resolve(rootfs);
    await finished.promise;
  });
  lent.catch(mounted.reject);
  const rootfs = await mounted.promise;
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      yield* packTree(rootfs, signal === undefined ? {} : { signal });
    } finally {
      finished.resolve();
      await lent;
    }
  }
  return stream();
}
