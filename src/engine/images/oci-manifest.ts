import { type Digest, type Manifest, MediaType, sha256 } from "../../spec/index.ts";
import type { ContentStore, ImageRecord } from "../../store/index.ts";

export interface OciManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What the parts of Docker's schema 2 are called in the image-spec. */
const OCI_TYPES: Record<string, string> = {
  [MediaType.dockerConfig]: MediaType.ociConfig,
  [MediaType.dockerLayer]: MediaType.ociLayer,
  [MediaType.dockerLayerGzip]: MediaType.ociLayerGzip,
};

/** An image's manifest of Docker's schema 2 in OCI form; undefined for one that is OCI's already. */
export function ociManifest(content: ContentStore, record: ImageRecord): OciManifest | undefined {
  const { mediaType, digest } = record.manifest;
  if (mediaType !== MediaType.dockerManifest || content.stat(digest) === undefined)
    return undefined;
  const manifest = JSON.parse(Buffer.from(content.read(digest)).toString()) as Manifest;
  const converted: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: { ...manifest.config, mediaType: MediaType.ociConfig },
    layers: manifest.layers.map((layer) => ({
      ...layer,
      mediaType: OCI_TYPES[layer.mediaType] ?? layer.mediaType,
    })),
  };
  const bytes = Buffer.from(JSON.stringify(converted));
  return { digest: sha256(bytes), bytes };
}
