import { gzip } from "../../archive/index.ts";
import { parseManifest } from "../../distribution/index.ts";
import { type Descriptor, type DiffId, EngineError, MediaType } from "../../spec/index.ts";
import type { ImageRecord, Store } from "../../store/index.ts";
import { manifestOf } from "./new-image.ts";

/** An image in the form in which a registry gets it; every blob is in the content store. */
export interface PushableImage extends Disposable {
  readonly manifest: Descriptor;
  readonly bytes: Uint8Array;
  readonly config: Descriptor;
  readonly layers: readonly { readonly diffId: DiffId; readonly blob: Descriptor }[];
}

/**
 * What a registry has given goes back bit for bit. An image that was made here has plain layers: they are
 * compressed for the way, always to the same bytes. Holds its blobs until disposed of.
 */
export async function pushableImage(store: Store, record: ImageRecord): Promise<PushableImage> {
  using stack = new DisposableStack();
  const bytes = store.content.read(record.manifest.digest);
  const parsed = parseManifest(bytes, record.manifest.mediaType);
  if (parsed.kind !== "manifest") throw new EngineError("internal", "the image has no manifest");
  const { config } = parsed.manifest;
  const isPlain = ({ blob }: { blob: Descriptor }) => blob.mediaType === MediaType.ociLayer;
  const known = store.images.references(record.id).some(({ digest }) => digest !== undefined);
  if (known || !record.layers.some(isPlain)) {
    for (const { blob } of record.layers) stack.use(store.content.hold(blob.digest));
    return held(stack, { manifest: record.manifest, bytes, config, layers: record.layers });
  }
  const layers = [];
  for (const layer of record.layers) {
    const blob = isPlain(layer) ? await compressed(store, layer.blob) : layer.blob;
    stack.use(store.content.hold(blob.digest));
    layers.push({ diffId: layer.diffId, blob });
  }
  const manifest = Buffer.from(
    JSON.stringify(
      manifestOf(
        config,
        layers.map(({ blob }) => blob),
      ),
    ),
  );
  const { digest, size } = await store.content.put(manifest);
  stack.use(store.content.hold(digest));
  const descriptor = { mediaType: MediaType.ociManifest, digest, size };
  return held(stack, { manifest: descriptor, bytes: manifest, config, layers });
}

function held(stack: DisposableStack, image: Omit<PushableImage, typeof Symbol.dispose>) {
  const kept = stack.move();
  return { ...image, [Symbol.dispose]: () => kept.dispose() };
}

async function compressed({ content }: Store, blob: Descriptor): Promise<Descriptor> {
  const writer = await content.create();
  try {
    for await (const chunk of gzip(content.open(blob.digest))) await writer.write(chunk);
    return { mediaType: MediaType.ociLayerGzip, ...(await writer.commit()) };
  } finally {
    await writer.close();
  }
}
