import {
  choosePlatform,
  type FetchedManifest,
  RemoteRepository,
  translatePullError,
} from "../../distribution/index.ts";
import {
  type Descriptor,
  type Digest,
  EngineError,
  familiarName,
  familiarString,
  type ImageId,
  type ImagePullOptions,
  type Platform,
  type ProgressMessage,
  parsePlatform,
  parseReference,
  type Reference,
} from "../../spec/index.ts";
import { fetchConfig } from "./fetch-config.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import { imageLayers, putImage } from "./image-record.ts";
import { ProgressQueue } from "./progress-queue.ts";
import { pullLayers } from "./pull-layers.ts";

/** One pull under way. */
interface Pull {
  readonly context: ImageContext;
  readonly repository: RemoteRepository;
  readonly platform: Platform;
  readonly progress: ProgressQueue;
  readonly signal: AbortSignal;
}

/**
 * Pulls a tag, a digest, or every tag of a repository. The messages are Docker's. Killed or cancelled at
 * any instant it leaves no half image; what has arrived is used by the next attempt.
 */
export function pullImage(
  context: ImageContext,
  options: ImagePullOptions,
  signal?: AbortSignal,
): AsyncIterable<ProgressMessage> {
  const reference = parseReference(options.reference);
  const platform = options.platform ? parsePlatform(options.platform, context.host) : context.host;
  const repository = new RemoteRepository(reference, {
    config: context.registry,
    auth: options.auth,
    transport: context.transport,
  });
  return ProgressQueue.run(async (progress, running) => {
    const pull: Pull = { context, repository, platform, progress, signal: running };
    try {
      await pullReference(pull, reference);
    } catch (error) {
      throw translatePullError(error, reference);
    }
  }, signal);
}

async function pullReference(pull: Pull, reference: Reference): Promise<void> {
  let news = false;
  const single = reference.tag !== undefined || reference.digest !== undefined;
  if (single) {
    news = await pullOne(pull, reference);
  } else {
    for (const tag of await pull.repository.tags(pull.signal)) {
      if (await pullOne(pull, { ...reference, tag })) news = true;
    }
  }
  const what = news ? "Downloaded newer image for" : "Image is up to date for";
  pull.progress.push({ status: `Status: ${what} ${familiarString(reference)}` });
  const name = familiarName(reference);
  const id = familiarString(reference);
  const image = single ? pull.context.store.images.resolve(storedReference(reference)) : undefined;
  emitImageEvent(pull.context, "pull", {
    id,
    name,
    ...(image === undefined ? {} : { imageId: image.imageId }),
  });
}

/** True: the reference stands for another image than before. */
async function pullOne(pull: Pull, reference: Reference): Promise<boolean> {
  const { context, repository, progress, signal } = pull;
  const wanted = reference.digest ?? reference.tag ?? "latest";
  const top = await repository.manifest(wanted, signal);
  progress.push({ status: `Pulling from ${reference.path}`, id: wanted });
  using held = new DisposableStack();
  const id = await pullManifest(pull, top, held);
  progress.push({ status: `Digest: ${top.descriptor.digest}` });
  return tagPulled(context, reference, id, top.descriptor.digest);
}

async function pullManifest(
  pull: Pull,
  top: FetchedManifest,
  held: DisposableStack,
): Promise<ImageId> {
  const { context, repository, signal } = pull;
  const { content, snapshots } = context.store;
  const hold = (digest: Digest) => held.use(content.hold(digest));
  hold(top.descriptor.digest);
  await content.put(top.bytes);
  let chosen = top;
  if (top.content.kind === "index") {
    const { digest } = choosePlatform(top.content.index, pull.platform);
    chosen = await repository.manifest(digest, signal);
    hold(digest);
    await content.put(chosen.bytes);
  }
  if (chosen.content.kind !== "manifest") {
    throw new EngineError("not-implemented", "An index within an index is not supported");
  }
  const { manifest } = chosen.content;
  hold(manifest.config.digest);
  const config = await fetchConfig(context, repository, manifest.config, signal);
  if (config.os !== context.host.os) {
    const why = `image operating system "${config.os}" cannot be used on this platform`;
    throw new EngineError("invalid-argument", why);
  }
  const layers = imageLayers(manifest, config);
  for (const { blob, chainId } of layers) {
    hold(blob.digest);
    held.use(snapshots.hold(chainId));
  }
  const id = manifest.config.digest as string as ImageId;
  const known = context.store.images.get(id) !== undefined;
  if (!known) await pullLayers(pull, layers);
  recordPulled(pull, { id, config, manifest: chosen.descriptor, layers }, top.descriptor);
  return id;
}

/** An image that is here already takes over the index that it came with last. */
function recordPulled(
  { context }: Pull,
  image: Parameters<typeof putImage>[1],
  top: Descriptor,
): void {
  const before = context.store.images.get(image.id);
  const index = top.digest === image.manifest.digest ? undefined : top;
  if (before === undefined) {
    putImage(context, index === undefined ? image : { ...image, index });
  } else if (index !== undefined && before.index?.digest !== index.digest) {
    const { id, config, manifest, layers, parent } = before;
    const kept = parent === undefined ? {} : { parent };
    // The layers in the form that they have here: only their manifest may say another one.
    if (manifest.digest === image.manifest.digest) {
      putImage(context, { id, config, manifest, layers, index, ...kept });
    }
  }
}

/** Docker stores a pulled tag under its digest too; a reference with both counts by its digest alone. */
function tagPulled(
  context: ImageContext,
  reference: Reference,
  id: ImageId,
  digest: Digest,
): boolean {
  const { domain, path, tag } = reference;
  const { images } = context.store;
  const before = images.tag({ domain, path, digest }, id, digest);
  if (reference.digest !== undefined || tag === undefined) return before !== id;
  return images.tag({ domain, path, tag }, id, digest) !== id;
}

function storedReference({ domain, path, tag, digest }: Reference): Reference {
  if (digest !== undefined) return { domain, path, digest };
  return { domain, path, ...(tag === undefined ? {} : { tag }) };
}
