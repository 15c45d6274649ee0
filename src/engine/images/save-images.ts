import {
  type Descriptor,
  type Digest,
  familiarName,
  familiarString,
  type ImageId,
  type ImageSaveOptions,
  invalidArgument,
  MediaType,
  notFound,
  parseReference,
  type Reference,
  referenceString,
  repositoryName,
  splitDigest,
} from "../../spec/index.ts";
import type { ContentStore, ImageRecord } from "../../store/index.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { writeArchive } from "./archive-file.ts";
import { findImage } from "./find-image.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import { imageNames, isIdPrefix } from "./image-names.ts";
import type { ByteStream } from "./image-service.ts";
import { type OciManifest, ociManifest } from "./oci-manifest.ts";

interface SavedImage {
  readonly record: ImageRecord;
  readonly tags: Reference[];
  /** The manifest in OCI form, where the image came with Docker's. */
  readonly oci: OciManifest | undefined;
}

/**
 * Images as one tar that is an OCI layout and what `docker save` writes at once; the blobs are those that
 * were pulled, bit for bit. The same images always give the same bytes. `not-found` before the first byte.
 */
export async function saveImages(
  context: ImageContext,
  names: readonly string[],
  options: ImageSaveOptions,
): Promise<ByteStream> {
  if (options.platforms.length > 1) throw invalidArgument("multiple platforms are not supported");
  if (names.length === 0) throw invalidArgument("no images to save");
  const saved = selectImages(context, names, options.platforms[0]);
  const { content } = context.store;
  const blobs = new Map<Digest, number>();
  for (const { record } of saved) {
    for (const { digest, size } of blobsOf(content, record)) blobs.set(digest, size);
  }
  // Held until the stream ends, so that a removal meanwhile does not tear the archive.
  const held = new DisposableStack();
  for (const digest of blobs.keys()) held.use(content.hold(digest));
  for (const digest of options.without ?? []) blobs.delete(digest as Digest);
  const files = [...blobFiles(content, blobs, saved), ...indexFiles(saved)];
  for (const { record } of saved)
    emitImageEvent(context, "save", { id: record.id, name: record.id });
  return streamArchive(files, held);
}

async function* streamArchive(
  files: readonly ArchiveFile[],
  held: DisposableStack,
): AsyncGenerator<Uint8Array> {
  using _held = held;
  yield* writeArchive(files);
}

/** A repository without a tag means all of its tags, an id the image without a name. */
function selectImages(
  context: ImageContext,
  names: readonly string[],
  platform: string | undefined,
): SavedImage[] {
  const selected = new Map<ImageId, SavedImage>();
  const select = (record: ImageRecord, tags: readonly Reference[]) => {
    const saved = selected.get(record.id) ?? {
      record,
      tags: [],
      oci: ociManifest(context.store.content, record),
    };
    for (const tag of tags) {
      const known = saved.tags.some((one) => referenceString(one) === referenceString(tag));
      if (!known) saved.tags.push(tag);
    }
    selected.set(record.id, saved);
  };
  for (const name of names) {
    const repository = wholeRepository(context, name);
    for (const { record, tag } of repository) {
      select(findImage(context, record.id, platform), [tag]);
    }
    if (repository.length > 0) continue;
    const record = findImage(context, name, platform);
    select(record, isIdPrefix(record.id, name) ? [] : taggedOnly(name));
  }
  return [...selected.values()];
}

function taggedOnly(name: string): Reference[] {
  const { domain, path, tag, digest } = parseReference(name);
  return digest !== undefined ? [] : [{ domain, path, tag: tag ?? "latest" }];
}

function wholeRepository(
  context: ImageContext,
  name: string,
): { record: ImageRecord; tag: Reference }[] {
  const wanted = repositoryOnly(name);
  if (wanted === undefined) return [];
  return context.store.images.list().flatMap((record) =>
    imageNames(context.store.images, record.id)
      .tags.filter((tag) => repositoryName(tag) === wanted)
      .map((tag) => ({ record, tag })),
  );
}

/** The repository's full name where the text names one without tag and digest. */
function repositoryOnly(name: string): string | undefined {
  try {
    const reference = parseReference(name);
    const plain = reference.tag === undefined && reference.digest === undefined;
    return plain ? repositoryName(reference) : undefined;
  } catch {
    // An id is no repository.
    return undefined;
  }
}

/** Every blob of an image that is here: documents and layers. `not-found` where one is missing. */
export function blobsOf(
  content: ContentStore,
  record: ImageRecord,
): { digest: Digest; size: number }[] {
  const id = record.id as string as Digest;
  const digests = [
    record.manifest.digest,
    ...(record.index === undefined ? [] : [record.index.digest]),
    ...(record.attached ?? []),
    id,
    ...record.layers.map(({ blob }) => blob.digest),
  ];
  return digests.map((digest) => {
    const info = content.stat(digest);
    if (info === undefined) {
      throw notFound(`Cannot save "${record.id}": its content ${digest} is missing`);
    }
    return info;
  });
}

const blobPath = (digest: Digest): string => `blobs/${splitDigest(digest).join("/")}`;

function blobFiles(
  content: ContentStore,
  blobs: ReadonlyMap<Digest, number>,
  saved: readonly SavedImage[],
): ArchiveFile[] {
  const stored = [...blobs].map(([digest, size]) => ({
    path: blobPath(digest),
    size,
    open: () => content.open(digest),
  }));
  const converted = new Map(
    saved.flatMap(({ oci }) => (oci === undefined ? [] : [[oci.digest, oci.bytes] as const])),
  );
  const made = [...converted].map(([digest, bytes]) => ({
    path: blobPath(digest),
    size: bytes.length,
    bytes,
  }));
  return [...stored, ...made].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function indexFiles(saved: readonly SavedImage[]): ArchiveFile[] {
  const json = (path: string, value: unknown): ArchiveFile => {
    const bytes = Buffer.from(JSON.stringify(value));
    return { path, size: bytes.length, bytes };
  };
  return [
    json("index.json", {
      schemaVersion: 2,
      mediaType: MediaType.ociIndex,
      manifests: saved.flatMap(indexEntries),
    }),
    json("manifest.json", saved.map(manifestEntry)),
    json("oci-layout", { imageLayoutVersion: "1.0.0" }),
    json("repositories", repositories(saved)),
  ];
}

/**
 * One descriptor for each name; the annotations are containerd's and the image-spec's. Readers of OCI
 * layouts pass over Docker's manifests, so those stand beside their OCI form, without a name. The index that
 * an image came with stands for it, though the archive has one platform of it only.
 */
function indexEntries({ record, tags, oci }: SavedImage): Descriptor[] {
  const { architecture, os, variant } = record.config;
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  const { mediaType, digest, size } = record.manifest;
  const own = { mediaType, digest, size, platform };
  const whole = record.index === undefined ? [] : [record.index];
  const named =
    oci === undefined
      ? (whole[0] ?? own)
      : {
          mediaType: MediaType.ociManifest,
          digest: oci.digest,
          size: oci.bytes.length,
          platform,
        };
  const entries: Descriptor[] = tags.map((tag) => ({
    ...named,
    annotations: {
      "io.containerd.image.name": referenceString(tag),
      "org.opencontainers.image.ref.name": tag.tag ?? "latest",
    },
  }));
  if (entries.length === 0) entries.push(named);
  return oci === undefined ? entries : [...entries, own, ...whole];
}

function manifestEntry({ record, tags }: SavedImage): Record<string, unknown> {
  return {
    Config: blobPath(record.id as string as Digest),
    RepoTags: tags.length === 0 ? null : tags.map(familiarString),
    Layers: record.layers.map(({ blob }) => blobPath(blob.digest)),
  };
}

/** What readers from before manifest.json look at: repository → tag → top layer. */
function repositories(saved: readonly SavedImage[]): Record<string, Record<string, string>> {
  const names: Record<string, Record<string, string>> = {};
  for (const { record, tags } of saved) {
    const top = record.layers.at(-1)?.chainId ?? record.id;
    for (const tag of tags) {
      const name = familiarName(tag);
      names[name] = { ...names[name], [tag.tag ?? "latest"]: splitDigest(top as string)[1] };
    }
  }
  return names;
}
