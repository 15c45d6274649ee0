import { MediaType, sha256 } from "../../../../src/spec/index.ts";

/** What is in each server before the cases: all of it is known beforehand, so that cases are data. */
export const REPOSITORY = "spec/app";
export const OTHER = "spec/from";
export const LAYER = "0123456789";
export const LAYER_DIGEST = sha256(LAYER);
const CONFIG = "{}";
/** Of nothing that was ever pushed. */
export const ABSENT = `sha256:${"0".repeat(64)}`;
export const TAGS = ["v1", "v2", "v3", "v4", "v5"] as const;
export const SBOM = "application/vnd.example.sbom+json";
export const SIGNATURE = "application/vnd.example.signature";

const descriptor = (mediaType: string, bytes: string) => ({
  mediaType,
  digest: sha256(bytes),
  size: Buffer.byteLength(bytes),
});

export const configDescriptor = descriptor(MediaType.ociConfig, CONFIG);
export const layerDescriptor = descriptor(MediaType.ociLayer, LAYER);

/** A manifest of the config and the layer, with other fields in their place. */
export function imageManifest(fields: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: configDescriptor,
    layers: [layerDescriptor],
    ...fields,
  });
}

export const IMAGE = imageManifest();
export const IMAGE_DIGEST = sha256(IMAGE);
export const imageDescriptor = descriptor(MediaType.ociManifest, IMAGE);

export function indexManifest(fields: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [imageDescriptor],
    ...fields,
  });
}

export const INDEX = indexManifest();
export const INDEX_DIGEST = sha256(INDEX);

/** Manifests with the image as their subject. */
export const REFERRERS = [
  imageManifest({ subject: imageDescriptor, artifactType: SBOM, annotations: { of: "spec" } }),
  imageManifest({ subject: imageDescriptor, artifactType: SBOM, annotations: { of: "more" } }),
  imageManifest({ subject: imageDescriptor, artifactType: SIGNATURE }),
] as const;

async function must(base: string, method: string, path: string, body: string, type: string) {
  const headers = { "Content-Type": type };
  const response = await fetch(`${base}${path}`, { method, body, headers });
  if (response.status !== 201) throw new Error(`${path}: ${response.status}`);
}

async function pushBlob(base: string, repository: string, bytes: string): Promise<void> {
  const start = await fetch(`${base}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const url = new URL(start.headers.get("location") ?? "", base);
  url.searchParams.append("digest", sha256(bytes));
  const type = "application/octet-stream";
  await must("", "PUT", url.href, bytes, type);
}

/** Puts the content into a server that anybody may push to. */
export async function prepare(base: string): Promise<void> {
  for (const repository of [REPOSITORY, OTHER]) {
    for (const bytes of [CONFIG, LAYER]) await pushBlob(base, repository, bytes);
  }
  const manifests = `/v2/${REPOSITORY}/manifests`;
  for (const tag of TAGS) {
    await must(base, "PUT", `${manifests}/${tag}`, IMAGE, MediaType.ociManifest);
  }
  for (const referrer of REFERRERS) {
    const path = `${manifests}/${sha256(referrer)}`;
    await must(base, "PUT", path, referrer, MediaType.ociManifest);
  }
}
