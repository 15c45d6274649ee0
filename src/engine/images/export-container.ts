import { packTree } from "../../archive/index.ts";
import { Channel } from "./channel.ts";
import type { ImageContext } from "./image-context.ts";
import type { ByteStream } from "./image-service.ts";

/** The container's whole tree as a tar. Resolves when the tree is mounted and can be read. */
export async function exportContainer(
  context: Pick<ImageContext, "store">,
  containerId: string,
  signal?: AbortSignal,
): Promise<ByteStream> {
  const { snapshots } = context.store;
  const channel = new Channel<Uint8Array>();
  const mounted = Promise.withResolvers<void>();
  snapshots
    .withMounted(containerId, async (rootfs) => {
      mounted.resolve();
      for await (const chunk of packTree(rootfs, signal === undefined ? {} : { signal })) {
        await channel.send(chunk);
      }
    })
    .then(
      () => channel.end(),
      (error: unknown) => {
        mounted.reject(error);
        channel.end(error);
      },
    );
  await mounted.promise;
  return channel;
}
