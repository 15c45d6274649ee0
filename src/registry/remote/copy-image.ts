import {
  type FetchedManifest,
  putManifest,
  type RemoteRepository,
  uploadBlob,
} from "../../distribution/index.ts";
import type { Descriptor, Digest } from "../../spec/index.ts";

export interface CopyEnd {
  readonly repository: RemoteRepository;
  /** A tag or digest. */
  readonly reference: string;
}

export interface CopyOptions {
  /** Both ends are on the same registry, so that blobs can be mounted. */
  readonly sameRegistry: boolean;
  readonly onBlob: (digest: Digest, how: "existed" | "uploaded" | "mounted") => void;
}

/** Blobs on the way at the same time. */
const PARALLEL = 4;

/**
 * Copies an image with all its platforms from one registry to another, bit for bit. Nothing is stored in
 * between: a blob's bytes flow from the one to the other. Resolves with the digest.
 */
export async function copyImage(
  source: CopyEnd,
  target: CopyEnd,
  options: CopyOptions,
): Promise<Digest> {
  const root = await source.repository.manifest(source.reference);
  await copyContent(source.repository, target.repository, root, options);
  await putManifest(target.repository, target.reference, asPut(root));
  return root.descriptor.digest;
}

async function copyContent(
  source: RemoteRepository,
  target: RemoteRepository,
  manifest: FetchedManifest,
  options: CopyOptions,
): Promise<void> {
  const { content } = manifest;
  if (content.kind === "index") {
    for (const { digest } of content.index.manifests) {
      const child = await source.manifest(digest);
      await copyContent(source, target, child, options);
      await putManifest(target, digest, asPut(child));
    }
    return;
  }
  const blobs = [content.manifest.config, ...content.manifest.layers];
  const waiting = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const work = async (): Promise<void> => {
    for (let blob = waiting.shift(); blob !== undefined; blob = waiting.shift()) {
      await copyBlob(source, target, blob, options);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

async function copyBlob(
  source: RemoteRepository,
  target: RemoteRepository,
  blob: Descriptor,
  { sameRegistry, onBlob }: CopyOptions,
): Promise<void> {
  // A layer that stays with its author.
  if ((blob.urls?.length ?? 0) > 0 && /foreign|nondistributable/.test(blob.mediaType)) return;
  const { how } = await uploadBlob(target, blob, {
    open: () => source.blob(blob),
    ...(sameRegistry && source.path !== target.path ? { mountFrom: [source.path] } : {}),
  });
  onBlob(blob.digest, how);
}

function asPut({ bytes, descriptor }: FetchedManifest): { bytes: Uint8Array; mediaType: string } {
  return { bytes, mediaType: descriptor.mediaType };
}
