import { choosePlatform, parseManifest } from "../../distribution/index.ts";
import {
  type Descriptor,
  type Digest,
  type ImageConfig,
  type Index,
  invalidArgument,
  type Manifest,
  MediaType,
  type Platform,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../../spec/index.ts";
import type { BlobInfo, ContentStore } from "../../store/index.ts";
import type { ImageArchive } from "./image-archive.ts";
import { CONFIG_LIMIT, parseImageConfig } from "./image-record.ts";
import { manifestOf } from "./new-image.ts";
import { layerMediaType } from "./store-layer.ts";

/** An image of an archive, its blobs in the content store. */
export interface ArchivedImage {
  readonly config: ImageConfig;
  readonly manifest: { readonly descriptor: Descriptor; readonly content: Manifest };
  readonly tags: readonly Reference[];
  /** The index that the manifest was chosen from. */
  readonly index?: Descriptor;
}

/** The images that an archive lists. manifest.json counts where there is one, for its names. */
export async function archivedImages(
  content: ContentStore,
  archive: ImageArchive,
  platform: Platform,
): Promise<ArchivedImage[]> {
  const index = archive.documents.get("index.json");
  const layout = index === undefined ? [] : layoutImages(content, index, platform);
  const list = archive.documents.get("manifest.json");
  if (list === undefined) {
    if (index === undefined) {
      throw invalidArgument(
        "Cannot load images: the archive has neither manifest.json nor index.json",
      );
    }
    return layout;
  }
  const images: ArchivedImage[] = [];
  for (const item of parseList(list)) {
    images.push(await listedImage(content, archive, item, layout));
  }
  return images;
}

interface ListItem {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

function parseList(bytes: Uint8Array): ListItem[] {
  const value = parseJson(bytes, "manifest.json");
  if (!Array.isArray(value)) throw invalidArgument("Cannot load images: manifest.json is no list");
  return value.map((item: unknown) => {
    const { Config, RepoTags, Layers } = (item ?? {}) as Record<string, unknown>;
    if (typeof Config !== "string") throw invalidArgument("Cannot load images: no Config is named");
    return { Config, RepoTags: texts(RepoTags), Layers: texts(Layers) };
  });
}

function parseJson(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw invalidArgument(`Cannot load images: ${name} is not JSON`, cause);
  }
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];

/**
 * An entry of manifest.json. Where the archive is an OCI layout too, the image keeps the manifest that it
 * has there, and with it its digest; else one is made, the same for the same content.
 */
async function listedImage(
  content: ContentStore,
  archive: ImageArchive,
  item: ListItem,
  layout: readonly ArchivedImage[],
): Promise<ArchivedImage> {
  const config = member(archive, item.Config);
  const layers = item.Layers.map((path) => member(archive, path));
  const tags = item.RepoTags.map((tag) => withDefaultTag(parseReference(tag)));
  // The last: what an image came with stands behind its OCI form.
  const same = layout.filter(({ manifest }) => isSame(manifest.content, config, layers));
  const known = same.findLast(({ index }) => index !== undefined) ?? same.at(-1);
  if (known !== undefined) return { ...known, tags };
  const blobs: Descriptor[] = [];
  for (const layer of layers) blobs.push(await layerDescriptor(content, layer));
  const manifest = manifestOf({ mediaType: MediaType.ociConfig, ...config }, blobs);
  const { digest, size } = await content.put(JSON.stringify(manifest));
  archive.hold(digest);
  return {
    config: readConfig(content, config),
    manifest: { descriptor: { mediaType: MediaType.ociManifest, digest, size }, content: manifest },
    tags,
  };
}

function isSame(manifest: Manifest, config: BlobInfo, layers: readonly BlobInfo[]): boolean {
  return (
    manifest.config.digest === config.digest &&
    manifest.layers.length === layers.length &&
    manifest.layers.every((layer, index) => layer.digest === layers[index]?.digest)
  );
}

function member(archive: ImageArchive, path: string): BlobInfo {
  const blob = archive.blob(path);
  if (blob === undefined) throw invalidArgument(`Cannot load images: "${path}" is missing`);
  return blob;
}

async function layerDescriptor(content: ContentStore, blob: BlobInfo): Promise<Descriptor> {
  let start: Uint8Array = new Uint8Array();
  for await (const chunk of content.open(blob.digest)) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= 6) break;
  }
  return { mediaType: layerMediaType(start), ...blob };
}

function readConfig(content: ContentStore, blob: BlobInfo): ImageConfig {
  if (blob.size > CONFIG_LIMIT)
    throw invalidArgument("Cannot load images: a configuration is too large");
  return parseImageConfig(content.read(blob.digest));
}

/** The images of index.json. Those of other platforms, whose content is not in the archive, are left out. */
function layoutImages(
  content: ContentStore,
  bytes: Uint8Array,
  platform: Platform,
): ArchivedImage[] {
  const top = parseManifest(bytes, MediaType.ociIndex);
  if (top.kind !== "index") throw invalidArgument("Cannot load images: index.json is no index");
  const images = new Map<Digest, { image: ArchivedImage; tags: Reference[] }>();
  for (const entry of top.index.manifests) {
    const descriptor = resolvePlatform(content, entry, platform);
    const found = descriptor === undefined ? undefined : layoutImage(content, descriptor);
    if (found === undefined) continue;
    const { mediaType, digest, size } = entry;
    const isChosen = descriptor !== entry;
    const image = isChosen ? { ...found, index: { mediaType, digest, size } } : found;
    const known = images.get(image.manifest.descriptor.digest) ?? { image, tags: [] };
    if (isChosen) known.image = image;
    images.set(image.manifest.descriptor.digest, known);
    const name = nameOf(entry);
    if (name !== undefined) known.tags.push(name);
  }
  return [...images.values()].map(({ image, tags }) => ({ ...image, tags }));
}

function resolvePlatform(
  content: ContentStore,
  descriptor: Descriptor,
  platform: Platform,
): Descriptor | undefined {
  const info = content.stat(descriptor.digest);
  if (info === undefined) return undefined;
  const isIndex =
    descriptor.mediaType === MediaType.ociIndex ||
    descriptor.mediaType === MediaType.dockerManifestList;
  if (!isIndex) return descriptor;
  const parsed = parseManifest(content.read(descriptor.digest), descriptor.mediaType);
  if (parsed.kind !== "index") return undefined;
  const here: Index = {
    ...parsed.index,
    manifests: parsed.index.manifests.filter(({ digest }) => content.stat(digest) !== undefined),
  };
  return choosePlatform(here, platform);
}

function layoutImage(content: ContentStore, descriptor: Descriptor): ArchivedImage | undefined {
  const parsed = parseManifest(content.read(descriptor.digest), descriptor.mediaType);
  if (parsed.kind !== "manifest") return undefined;
  const { manifest } = parsed;
  const isImage =
    manifest.config.mediaType === MediaType.ociConfig ||
    manifest.config.mediaType === MediaType.dockerConfig;
  if (!isImage) return undefined;
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    if (content.stat(digest) === undefined) {
      throw invalidArgument(`Cannot load images: "${digest}" is missing`);
    }
  }
  const { digest, size } = descriptor;
  return {
    config: readConfig(content, manifest.config),
    manifest: {
      descriptor: { mediaType: parsed.mediaType, digest, size },
      content: manifest,
    },
    tags: [],
  };
}

/** containerd's annotation holds a whole name; the image-spec's often a tag alone, which names nothing. */
function nameOf({ annotations }: Descriptor): Reference | undefined {
  const full = annotations?.["io.containerd.image.name"];
  const short = annotations?.["org.opencontainers.image.ref.name"];
  const text = full ?? (short !== undefined && /[/:]/.test(short) ? short : undefined);
  if (text === undefined) return undefined;
  try {
    const { domain, path, tag } = withDefaultTag(parseReference(text));
    return { domain, path, ...(tag === undefined ? { tag: "latest" } : { tag }) };
  } catch {
    return undefined;
  }
}
