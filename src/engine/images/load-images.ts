import {
  familiarString,
  type ImageId,
  type ImageLoadOptions,
  invalidArgument,
  type ProgressMessage,
  parsePlatform,
  type Reference,
  shortId,
} from "../../spec/index.ts";
import type { ImageLayer } from "../../store/index.ts";
import { type ArchivedImage, archivedImages } from "./archived-images.ts";
import { ImageArchive } from "./image-archive.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import { imageLayers, putImage } from "./image-record.ts";
import type { ByteStream } from "./image-service.ts";
import { ProgressQueue } from "./progress-queue.ts";

/**
 * Loads what `docker save` (old and new), skopeo and others write: a tar with manifest.json, an OCI layout,
 * or both; plain, gzip or zstd. Every digest is verified.
 */
export function loadImages(
  context: ImageContext,
  body: ByteStream,
  options: ImageLoadOptions,
  signal?: AbortSignal,
): AsyncIterable<ProgressMessage> {
  const [platform] = options.platforms;
  const wanted = platform === undefined ? context.host : parsePlatform(platform, context.host);
  return ProgressQueue.run(async (progress, running) => {
    await using archive = await ImageArchive.read(context.store, body, running);
    const images = await archivedImages(context.store.content, archive, wanted);
    if (images.length === 0) throw invalidArgument("Cannot load images: the archive holds none");
    const loading = { context, archive, progress, quiet: options.quiet, signal: running };
    for (const image of images) await loadImage(loading, image);
  }, signal);
}

interface Loading {
  readonly context: ImageContext;
  readonly archive: ImageArchive;
  readonly progress: ProgressQueue;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

async function loadImage(loading: Loading, image: ArchivedImage): Promise<void> {
  const { context, progress } = loading;
  const { config, manifest } = image;
  if (config.os !== context.host.os) {
    throw invalidArgument(`cannot load ${config.os} image on ${context.host.os}`);
  }
  const layers = imageLayers(manifest.content, config);
  using held = new DisposableStack();
  for (const { chainId } of layers) held.use(context.store.snapshots.hold(chainId));
  for (const [index, layer] of layers.entries()) {
    await loadLayer(loading, layer, layers[index - 1]);
  }
  const id = manifest.content.config.digest as string as ImageId;
  const known = context.store.images.get(id);
  if (known === undefined || (known.index === undefined && image.index !== undefined)) {
    const { index } = image;
    const whole = index === undefined ? {} : { index };
    const parent = known?.parent === undefined ? {} : { parent: known.parent };
    putImage(context, { id, config, manifest: manifest.descriptor, layers, ...whole, ...parent });
  }
  for (const tag of image.tags) loadTag(loading, tag, id);
  if (image.tags.length === 0) progress.push({ stream: `Loaded image ID: ${id}\n` });
  emitImageEvent(context, "load", { id, name: id });
}

async function loadLayer(
  { context, archive, progress, quiet, signal }: Loading,
  layer: ImageLayer,
  below: ImageLayer | undefined,
): Promise<void> {
  const { snapshots } = context.store;
  const { chainId, diffId, blob } = layer;
  if (snapshots.layer(chainId) !== undefined) return;
  const wanted = { chainId, parent: below?.chainId, diffId, blob: blob.digest };
  using staged =
    (await archive.takeLayer(blob.digest)) ?? (await snapshots.stageLayer(blob.digest, { signal }));
  staged.place(wanted);
  if (!quiet) progress.progress(shortId(diffId), "Loading layer", blob.size, blob.size);
}

function loadTag({ context, progress }: Loading, tag: Reference, id: ImageId): void {
  const before = context.store.images.tag(tag, id);
  const name = familiarString(tag);
  if (before !== undefined && before !== id) {
    progress.push({
      stream: `The image ${name} already exists, renaming the old one with ID ${before} to empty string\n`,
    });
  }
  progress.push({ stream: `Loaded image: ${name}\n` });
}
