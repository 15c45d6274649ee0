import { putManifest, RemoteRepository, uploadBlob } from "../../distribution/index.ts";
import {
  type Descriptor,
  type DiffId,
  EngineError,
  familiarName,
  familiarString,
  type ImagePushOptions,
  invalidArgument,
  type Platform,
  type ProgressMessage,
  parsePlatform,
  parseReference,
  type Reference,
  type RegistryAuth,
  repositoryName,
  shortId,
} from "../../spec/index.ts";
import type { ImageLayer, ImageRecord } from "../../store/index.ts";
import { findImage } from "./find-image.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import { imageNames } from "./image-names.ts";
import { isForeign, type LayerCompression, parseCompression } from "./layer-compression.ts";
import { ProgressQueue } from "./progress-queue.ts";
import { pushOtherPlatforms, sourcesOf } from "./push-index.ts";
import { type PushableImage, pushableImage } from "./pushable-image.ts";
import { Slots } from "./slots.ts";

/** Layers that are sent at once. */
const CONCURRENT_UPLOADS = 5;

interface Push {
  readonly context: ImageContext;
  readonly repository: RemoteRepository;
  readonly reference: Reference;
  readonly progress: ProgressQueue;
  readonly signal: AbortSignal;
  readonly auth: RegistryAuth | undefined;
  readonly compression: LayerCompression | undefined;
  readonly asItIs: boolean;
  readonly platform: Platform | undefined;
}

/** Pushes one tag, or every tag of the repository that is here. */
export function pushImage(
  context: ImageContext,
  name: string,
  options: ImagePushOptions,
  signal?: AbortSignal,
): AsyncIterable<ProgressMessage> {
  const reference = parseReference(options.tag ? `${name}:${options.tag}` : name);
  if (reference.digest !== undefined) {
    throw invalidArgument("cannot push a digest reference");
  }
  const compression = options.compression ? parseCompression(options.compression) : undefined;
  const platform = options.platform ? parsePlatform(options.platform, context.host) : undefined;
  const repository = new RemoteRepository(reference, {
    config: context.registry,
    auth: options.auth,
    transport: context.transport,
  });
  return ProgressQueue.run(async (progress, running) => {
    progress.push({ status: `The push refers to repository [${repositoryName(reference)}]` });
    const images = imagesToPush(context, reference);
    if (images.length === 0) throw nothingToPush(context, reference);
    const { auth } = options;
    const signal = running;
    const asItIs = options.asItIs === true;
    const how = { auth, compression, asItIs, platform };
    const push = { context, repository, reference, progress, signal, ...how };
    for (const { record, tag } of images) {
      if (platform !== undefined) findImage(context, record.id, platform);
      await pushTag(push, record, tag);
    }
    emitImageEvent(context, "push", {
      id: familiarString(reference),
      name: familiarName(reference),
    });
  }, signal);
}

function nothingToPush(context: ImageContext, reference: Reference): EngineError {
  const { domain, path } = reference;
  const others = imagesToPush(context, { domain, path });
  return new EngineError(
    "not-found",
    others.length > 0
      ? `tag does not exist: ${familiarString(reference)}`
      : `An image does not exist locally with the tag: ${familiarName(reference)}`,
  );
}

function imagesToPush(
  context: ImageContext,
  reference: Reference,
): { record: ImageRecord; tag: string }[] {
  return context.store.images.list().flatMap((record) =>
    imageNames(context.store.images, record.id).tags.flatMap(({ domain, path, tag }) => {
      const wanted =
        domain === reference.domain &&
        path === reference.path &&
        (reference.tag === undefined || reference.tag === tag);
      return wanted && tag !== undefined ? [{ record, tag }] : [];
    }),
  );
}

async function pushTag(push: Push, record: ImageRecord, tag: string): Promise<void> {
  const { context, repository, progress, signal, compression, asItIs } = push;
  for (const { diffId } of record.layers) progress.status(shortId(diffId), "Preparing");
  using image = await pushableImage(context.store, record, { compression, asItIs });
  await pushBlobs(push, image);
  const index = indexToPush(push, record, image, tag);
  const whole = index !== undefined && (await pushWholeIndex(push, record, image, index));
  const { digest, mediaType, size } = whole ? index : image.manifest;
  const bytes = whole ? context.store.content.read(index.digest) : image.bytes;
  await putManifest(repository, tag, { bytes, mediaType }, signal);
  const { domain, path } = push.reference;
  context.store.images.tag({ domain, path, digest }, record.id, digest);
  progress.push({ status: `${tag}: digest: ${digest} size: ${size}` });
  progress.push({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
  if (index !== undefined && !whole) progress.push({ aux: insteadOfIndex(index, image.manifest) });
}

async function pushBlobs(push: Push, image: PushableImage): Promise<void> {
  const { context, repository, progress, signal } = push;
  const slots = new Slots(CONCURRENT_UPLOADS);
  const uploads = image.layers.map((layer) =>
    slots.run(
      () => pushLayer(push, layer),
      () => progress.status(shortId(layer.diffId), "Waiting"),
      signal,
    ),
  );
  await Promise.all(uploads);
  const open = () => context.store.content.open(image.config.digest);
  await uploadBlob(repository, image.config, { open, signal });
}

/** The index that the tag stands for, unless something else than all of it is wanted. */
function indexToPush(
  push: Push,
  record: ImageRecord,
  image: PushableImage,
  tag: string,
): Descriptor | undefined {
  const { images, content } = push.context.store;
  const { index } = record;
  if (index === undefined || push.platform || content.stat(index.digest) === undefined) return;
  // Compressed in another way, it is no longer what the index names.
  if (image.manifest.digest !== record.manifest.digest) return;
  const { domain, path } = push.reference;
  const stands = images.resolve({ domain, path, tag })?.digest ?? index.digest;
  return stands === index.digest ? index : undefined;
}

async function pushWholeIndex(
  push: Push,
  record: ImageRecord,
  image: PushableImage,
  index: Descriptor,
): Promise<boolean> {
  const { context, repository, reference, auth, signal } = push;
  using _held = context.store.content.hold(index.digest);
  const { digest, mediaType } = image.manifest;
  await putManifest(repository, digest, { bytes: image.bytes, mediaType }, signal);
  const sources = sourcesOf(context, record, reference, auth);
  const whole = { context, target: repository, sources, signal };
  return await pushOtherPlatforms(whole, index, digest);
}

/** What Docker's command line knows how to tell of. */
function insteadOfIndex(index: Descriptor, manifest: Descriptor): unknown {
  return {
    manifestPushedInsteadOfIndex: true,
    originalIndex: index,
    selectedManifest: manifest,
  };
}

async function pushLayer(
  push: Push,
  { diffId, blob }: Pick<ImageLayer, "diffId" | "blob">,
): Promise<void> {
  const { context, repository, progress, signal } = push;
  const id = shortId(diffId);
  if (isForeign(blob)) return progress.status(id, "Skipped foreign layer");
  const result = await uploadBlob(repository, blob, {
    open: () => context.store.content.open(blob.digest),
    mountFrom: siblings(push, diffId),
    onProgress: (sent) => progress.progress(id, "Pushing", sent, blob.size),
    signal,
  });
  if (result.how === "existed") progress.status(id, "Layer already exists");
  else if (result.how === "mounted") progress.status(id, `Mounted from ${result.from}`);
  else progress.status(id, "Pushed");
}

/** Repositories of the same registry that images with this layer were pulled from or pushed to. */
function siblings({ context, reference }: Push, diffId: DiffId): string[] {
  const { images } = context.store;
  const paths = images
    .list()
    .filter(({ layers }) => layers.some((layer) => layer.diffId === diffId))
    .flatMap(({ id }) => imageNames(images, id).digests)
    .filter(({ domain, path }) => domain === reference.domain && path !== reference.path)
    .map(({ path }) => path);
  return [...new Set(paths)].slice(0, 3);
}
