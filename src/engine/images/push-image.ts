import { putManifest, RemoteRepository, uploadBlob } from "../../distribution/index.ts";
import {
  type Descriptor,
  EngineError,
  familiarName,
  familiarString,
  type ImagePushOptions,
  invalidArgument,
  type ProgressMessage,
  parseReference,
  type Reference,
  repositoryName,
  shortId,
} from "../../spec/index.ts";
import type { ImageLayer, ImageRecord } from "../../store/index.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import { imageNames } from "./image-names.ts";
import { ProgressQueue } from "./progress-queue.ts";
import { pushableImage } from "./pushable-image.ts";
import { Slots } from "./slots.ts";

/** Layers that are sent at once. */
const CONCURRENT_UPLOADS = 5;

interface Push {
  readonly context: ImageContext;
  readonly repository: RemoteRepository;
  readonly reference: Reference;
  readonly progress: ProgressQueue;
  readonly signal: AbortSignal;
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
  const repository = new RemoteRepository(reference, {
    config: context.registry,
    auth: options.auth,
    transport: context.transport,
  });
  return ProgressQueue.run(async (progress, running) => {
    progress.push({ status: `The push refers to repository [${repositoryName(reference)}]` });
    const images = imagesToPush(context, reference);
    if (images.length === 0) throw nothingToPush(context, reference);
    const push = { context, repository, reference, progress, signal: running };
    for (const { record, tag } of images) await pushTag(push, record, tag);
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
  const { context, repository, progress, signal } = push;
  const { content } = context.store;
  for (const { diffId } of record.layers) progress.status(shortId(diffId), "Preparing");
  using image = await pushableImage(context.store, record);
  const slots = new Slots(CONCURRENT_UPLOADS);
  const uploads = image.layers.map((layer) =>
    slots.run(
      () => pushLayer(push, layer),
      () => progress.status(shortId(layer.diffId), "Waiting"),
      signal,
    ),
  );
  await Promise.all(uploads);
  const { config, bytes } = image;
  const { digest, mediaType } = image.manifest;
  await uploadBlob(repository, config, { open: () => content.open(config.digest), signal });
  await putManifest(repository, tag, { bytes, mediaType }, signal);
  const { domain, path } = push.reference;
  context.store.images.tag({ domain, path, digest }, record.id, digest);
  progress.push({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  progress.push({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: bytes.length } });
}

async function pushLayer(
  push: Push,
  { diffId, blob }: Pick<ImageLayer, "diffId" | "blob">,
): Promise<void> {
  const { context, repository, progress, signal } = push;
  const id = shortId(diffId);
  const result = await uploadBlob(repository, blob, {
    open: () => context.store.content.open(blob.digest),
    mountFrom: siblings(push, blob),
    onProgress: (sent) => progress.progress(id, "Pushing", sent, blob.size),
    signal,
  });
  if (result.how === "existed") progress.status(id, "Layer already exists");
  else if (result.how === "mounted") progress.status(id, `Mounted from ${result.from}`);
  else progress.status(id, "Pushed");
}

/** Repositories of the same registry that images with this blob were pulled from or pushed to. */
function siblings({ context, reference }: Push, blob: Descriptor): string[] {
  const { images } = context.store;
  const paths = images
    .list()
    .filter(({ layers }) => layers.some((layer) => layer.blob.digest === blob.digest))
    .flatMap(({ id }) => imageNames(images, id).digests)
    .filter(({ domain, path }) => domain === reference.domain && path !== reference.path)
    .map(({ path }) => path);
  return [...new Set(paths)].slice(0, 3);
}
