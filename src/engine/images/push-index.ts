import {
  type FetchedManifest,
  parseManifest,
  putManifest,
  RemoteRepository,
  uploadBlob,
} from "../../distribution/index.ts";
import {
  type Descriptor,
  type Digest,
  errorKind,
  type Reference,
  type RegistryAuth,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import { imageNames } from "./image-names.ts";
import { isForeign } from "./layer-compression.ts";

/** Where an index goes, and where those of its platforms are that are not here. */
export interface IndexPush {
  readonly context: ImageContext;
  readonly target: RemoteRepository;
  readonly sources: readonly Source[];
  readonly signal: AbortSignal;
}

interface Source {
  readonly repository: RemoteRepository;
  /** Of the target's registry, so that it can be mounted from. */
  readonly sameRegistry: boolean;
}

/** The repositories that the image was pulled from, each with the credentials only if it is of the same registry. */
export function sourcesOf(
  context: ImageContext,
  record: ImageRecord,
  target: Reference,
  auth: RegistryAuth | undefined,
): Source[] {
  return imageNames(context.store.images, record.id)
    .digests.filter(({ digest }) => digest === record.index?.digest)
    .map((reference) => {
      const sameRegistry = reference.domain === target.domain;
      const repository = new RemoteRepository(reference, {
        config: context.registry,
        transport: context.transport,
        ...(sameRegistry ? { auth } : {}),
      });
      return { repository, sameRegistry };
    });
}

/**
 * Brings the other platforms of an index to the target: what it has not is streamed there from where the
 * image was pulled, and not kept here. False: some of them cannot be had.
 */
export async function pushOtherPlatforms(
  push: IndexPush,
  index: Descriptor,
  here: Digest,
): Promise<boolean> {
  const parsed = parseManifest(push.context.store.content.read(index.digest), index.mediaType);
  if (parsed.kind !== "index") return false;
  for (const entry of parsed.index.manifests) {
    if (entry.digest === here) continue;
    if (!(await copyManifest(push, entry))) return false;
  }
  return true;
}

async function copyManifest(push: IndexPush, entry: Descriptor): Promise<boolean> {
  const { target, signal } = push;
  if (await find(target, entry.digest, signal)) return true;
  if (await pushFromHere(push, entry)) return true;
  for (const source of push.sources) {
    const found = await find(source.repository, entry.digest, signal);
    if (found === undefined) continue;
    if (!(await copyContent(push, source, found))) return false;
    const { bytes, descriptor } = found;
    await putManifest(
      target,
      descriptor.digest,
      { bytes, mediaType: descriptor.mediaType },
      signal,
    );
    return true;
  }
  return false;
}

/** What was built here for other platforms, and attestations. False where it is not here whole. */
async function pushFromHere(push: IndexPush, entry: Descriptor): Promise<boolean> {
  const { context, target, signal } = push;
  const { content } = context.store;
  const { digest, mediaType } = entry;
  if (content.stat(digest) === undefined) return false;
  using held = new DisposableStack();
  held.use(content.hold(digest));
  const bytes = content.read(digest);
  const parsed = parseManifest(bytes, mediaType);
  if (parsed.kind !== "manifest") return false;
  const { config, layers } = parsed.manifest;
  const blobs = [config, ...layers].filter((blob) => !isForeign(blob));
  for (const blob of blobs) held.use(content.hold(blob.digest));
  if (blobs.some((blob) => content.stat(blob.digest) === undefined)) return false;
  for (const blob of blobs) {
    await uploadBlob(target, blob, { open: () => content.open(blob.digest), signal });
  }
  await putManifest(target, digest, { bytes, mediaType }, signal);
  return true;
}

async function copyContent(
  push: IndexPush,
  source: Source,
  { content }: FetchedManifest,
): Promise<boolean> {
  if (content.kind === "index") {
    for (const entry of content.index.manifests) {
      if (!(await copyManifest(push, entry))) return false;
    }
    return true;
  }
  const { config, layers } = content.manifest;
  for (const blob of [config, ...layers]) {
    if (isForeign(blob)) continue;
    await uploadBlob(push.target, blob, {
      open: () => source.repository.blob(blob, { signal: push.signal }),
      mountFrom: source.sameRegistry ? [source.repository.path] : [],
      signal: push.signal,
    });
  }
  return true;
}

/** Undefined where the repository has it not, may not give it, or is out of reach. */
async function find(
  repository: RemoteRepository,
  digest: Digest,
  signal: AbortSignal,
): Promise<FetchedManifest | undefined> {
  try {
    return await repository.manifest(digest, signal);
  } catch (error) {
    signal.throwIfAborted();
    const absent = ["not-found", "unauthenticated", "permission-denied", "unavailable"];
    if (absent.includes(errorKind(error))) return undefined;
    throw error;
  }
}
