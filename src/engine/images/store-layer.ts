import { detectCompression } from "../../archive/index.ts";
import { type Descriptor, MediaType } from "../../spec/index.ts";
import type { StagedLayer, Store } from "../../store/index.ts";

/** A layer's blob in the content store, held, and its tree unpacked and without a place yet. */
export interface StoredLayer extends Disposable {
  readonly blob: Descriptor;
  readonly staged: StagedLayer;
}

/** Stores a layer's bytes as they come and unpacks them. The caller disposes of what it got. */
export async function storeLayer(
  store: Store,
  stream: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<StoredLayer> {
  return await stageBlob(store, await storeBlob(store, stream, signal), signal);
}

/** Stores a layer's bytes as they come, gzip, zstd or plain. */
export async function storeBlob(
  { content }: Store,
  stream: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const writer = await content.create();
  let start: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      if (start.length < 6) start = Buffer.concat([start, chunk.subarray(0, 6)]);
      await writer.write(chunk);
    }
    return { mediaType: layerMediaType(start), ...(await writer.commit()) };
  } finally {
    await writer.close();
  }
}

/** Unpacks a layer's blob. The caller disposes of what it got. */
export async function stageBlob(
  store: Store,
  blob: Descriptor,
  signal?: AbortSignal,
): Promise<StoredLayer> {
  using stack = new DisposableStack();
  stack.use(store.content.hold(blob.digest));
  const options = signal === undefined ? {} : { signal };
  const staged = stack.use(await store.snapshots.stageLayer(blob.digest, options));
  const kept = stack.move();
  return { blob, staged, [Symbol.dispose]: () => kept.dispose() };
}

/** By the layer's first bytes. */
export function layerMediaType(start: Uint8Array): string {
  const types: Record<string, string> = {
    gzip: MediaType.ociLayerGzip,
    zstd: MediaType.ociLayerZstd,
  };
  return types[detectCompression(start)] ?? MediaType.ociLayer;
}
