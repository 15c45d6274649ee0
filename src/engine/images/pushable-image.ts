import { parseManifest } from "../../distribution/index.ts";
import { type Descriptor, type DiffId, EngineError, MediaType } from "../../spec/index.ts";
import type { ImageLayer, ImageRecord, Store } from "../../store/index.ts";
import { compressLayer, isForeign, type LayerCompression } from "./layer-compression.ts";
import { manifestOf } from "./new-image.ts";

/** An image in the form in which a registry gets it; every blob is in the content store. */
export interface PushableImage extends Disposable {
  readonly manifest: Descriptor;
  readonly bytes: Uint8Array;
  readonly config: Descriptor;
  readonly layers: readonly { readonly diffId: DiffId; readonly blob: Descriptor }[];
}

/**
 * What a registry has given goes back bit for bit, unless `compression` asks for another form. An image that
 * was made here has plain layers: they are compressed for the way, always to the same bytes, unless it is to go
 * `asItIs`. Holds its blobs until disposed of.
 */
export async function pushableImage(
  store: Store,
  record: ImageRecord,
  how: { compression?: LayerCompression | undefined; asItIs?: boolean } = {},
): Promise<PushableImage> {
  using stack = new DisposableStack();
  const bytes = store.content.read(record.manifest.digest);
  const parsed = parseManifest(bytes, record.manifest.mediaType);
  if (parsed.kind !== "manifest") throw new EngineError("internal", "the image has no manifest");
  const { config } = parsed.manifest;
  const isPlain = ({ blob }: ImageLayer) => blob.mediaType === MediaType.ociLayer;
  const own: unknown[] = [record.manifest.digest, record.index?.digest ?? record.manifest.digest];
  const known = store.images.references(record.id).some(({ digest }) => own.includes(digest));
  const { compression, asItIs = false } = how;
  if (compression === undefined && (asItIs || known || !record.layers.some(isPlain))) {
    for (const { blob } of record.layers) stack.use(store.content.hold(blob.digest));
    return held(stack, { manifest: record.manifest, bytes, config, layers: record.layers });
  }
  const wanted = compression ?? { kind: "gzip", level: undefined };
  const layers = [];
  for (const layer of record.layers) {
    const changes = (compression !== undefined || isPlain(layer)) && !isForeign(layer.blob);
    const blob = changes ? await compressLayer(store, layer.blob, wanted) : layer.blob;
    stack.use(store.content.hold(blob.digest));
    layers.push({ diffId: layer.diffId, blob });
  }
  const blobs = layers.map(({ blob }) => blob);
  const ociConfig = { ...config, mediaType: MediaType.ociConfig };
  const manifest = Buffer.from(JSON.stringify(manifestOf(ociConfig, blobs)));
  const { digest, size } = await store.content.put(manifest);
  stack.use(store.content.hold(digest));
  const descriptor = { mediaType: MediaType.ociManifest, digest, size };
  return held(stack, { manifest: descriptor, bytes: manifest, config: ociConfig, layers });
}

function held(stack: DisposableStack, image: Omit<PushableImage, typeof Symbol.dispose>) {
  const kept = stack.move();
  return { ...image, [Symbol.dispose]: () => kept.dispose() };
}
