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
  using stack = new DisposableStack();
  const { start, ...info } = await storeStream(store, stream, signal);
  stack.use(store.content.hold(info.digest));
  const options = signal === undefined ? {} : { signal };
  const staged = stack.use(await store.snapshots.stageLayer(info.digest, options));
  const kept = stack.move();
  const blob = { mediaType: layerMediaType(start), ...info };
  return { blob, staged, [Symbol.dispose]: () => kept.dispose() };
}

async function storeStream(
  { content }: Store,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
) {
  const writer = await content.create();
  let start: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      if (start.length < 6) start = Buffer.concat([start, chunk.subarray(0, 6)]);
      await writer.write(chunk);
    }
    return { start, ...(await writer.commit()) };
  } finally {
    await writer.close();
  }
}

/** By the layer's first bytes. */
export function layerMediaType(start: Uint8Array): string {
  const types: Record<string, string> = {
    gzip: MediaType.ociLayerGzip,
    zstd: MediaType.ociLayerZstd,
  };
  return types[detectCompression(start)] ?? MediaType.ociLayer;
}
