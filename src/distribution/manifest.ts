import {
  type Descriptor,
  type Digest,
  EngineError,
  type Index,
  invalidArgument,
  isDigest,
  type Manifest,
  MediaType,
  notFound,
  type Platform,
  platformDistance,
  platformString,
} from "../spec/index.ts";

/** A manifest or index with the bytes that its digest was computed of. */
export type AnyManifest =
  | { readonly kind: "manifest"; readonly manifest: Manifest; readonly mediaType: string }
  | { readonly kind: "index"; readonly index: Index; readonly mediaType: string };

/** The media types that Berth takes for a manifest, for `Accept`. */
export const manifestTypes: readonly string[] = [
  MediaType.ociIndex,
  MediaType.ociManifest,
  MediaType.dockerManifestList,
  MediaType.dockerManifest,
];

const INDEXES = new Set<string>([MediaType.ociIndex, MediaType.dockerManifestList]);
const MANIFESTS = new Set<string>([MediaType.ociManifest, MediaType.dockerManifest]);

/**
 * Reads a manifest. `contentType` is what the server said. A document that can be read as manifest and as
 * index at once is refused (CVE-2021-41190). Throws `invalid-argument`, `not-implemented` for schema 1.
 */
export function parseManifest(bytes: Uint8Array, contentType = ""): AnyManifest {
  const document = parseObject(bytes);
  const claimed = contentType.split(";", 1)[0]?.trim() ?? "";
  const stated = typeof document["mediaType"] === "string" ? document["mediaType"] : "";
  if (
    document["schemaVersion"] === 1 ||
    claimed.startsWith("application/vnd.docker.distribution.manifest.v1+")
  ) {
    throw new EngineError(
      "not-implemented",
      "Docker image manifest version 2, schema 1 is not supported: its author must push the image in the OCI format or as schema 2",
    );
  }
  if (document["schemaVersion"] !== 2) throw malformed("schemaVersion is not 2");
  const known = INDEXES.has(claimed) || MANIFESTS.has(claimed);
  if (known && stated !== "" && stated !== claimed) {
    throw malformed(`mediaType is "${stated}" but the server calls it "${claimed}"`);
  }
  const mediaType = stated || (known ? claimed : guessType(document));
  if ("manifests" in document && ("config" in document || "layers" in document)) {
    throw malformed("it is both an index and a manifest");
  }
  if (INDEXES.has(mediaType)) return { kind: "index", index: readIndex(document), mediaType };
  if (MANIFESTS.has(mediaType)) {
    return { kind: "manifest", manifest: readManifest(document), mediaType };
  }
  throw malformed(`unsupported media type "${mediaType}"`);
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidArgument("invalid manifest: it is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed("it is no JSON object");
  }
  return value as Record<string, unknown>;
}

function malformed(why: string): EngineError {
  return invalidArgument(`invalid manifest: ${why}`);
}

function guessType(document: Record<string, unknown>): string {
  return "manifests" in document ? MediaType.ociIndex : MediaType.ociManifest;
}

function readIndex(document: Record<string, unknown>): Index {
  const { manifests } = document;
  if (!Array.isArray(manifests)) throw malformed("manifests is no list");
  for (const descriptor of manifests) checkDescriptor(descriptor);
  return document as unknown as Index;
}

function readManifest(document: Record<string, unknown>): Manifest {
  const { config, layers } = document;
  if (!Array.isArray(layers)) throw malformed("layers is no list");
  for (const descriptor of [config, ...layers]) checkDescriptor(descriptor);
  return document as unknown as Manifest;
}

function checkDescriptor(value: unknown): asserts value is Descriptor {
  const descriptor = (value ?? {}) as Partial<Descriptor>;
  const { digest, size, mediaType } = descriptor;
  if (typeof digest !== "string" || !isDigest(digest)) {
    throw malformed(`"${String(digest)}" is no digest that is understood`);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(`"${String(size)}" is no size`);
  }
  if (typeof mediaType !== "string") throw malformed("a descriptor has no mediaType");
  // Null is Go's word for nothing.
  const urls: unknown = descriptor.urls ?? [];
  if (!Array.isArray(urls) || !urls.every((url) => typeof url === "string")) {
    throw malformed("urls is no list of texts");
  }
  const platform: unknown = descriptor.platform ?? {};
  if (typeof platform !== "object" || platform === null) throw malformed("a platform is no object");
  const { os, architecture, variant } = platform as Record<string, unknown>;
  if ([os, architecture, variant].some((part) => typeof (part ?? "") !== "string")) {
    throw malformed("a platform's parts are no texts");
  }
}

/**
 * The entry of an index that runs best on a platform. Entries without a platform count as the worst fit.
 * `not-found` with Docker's words.
 */
export function choosePlatform(index: Index, platform: Platform): Descriptor {
  let best: { descriptor: Descriptor; distance: number } | undefined;
  for (const descriptor of index.manifests) {
    const distance = descriptor.platform
      ? platformDistance(platform, descriptor.platform)
      : Number.MAX_SAFE_INTEGER;
    if (distance !== undefined && (best === undefined || distance < best.distance)) {
      best = { descriptor, distance };
    }
  }
  if (best !== undefined) return best.descriptor;
  throw notFound(
    `no matching manifest for ${platformString(platform)} in the manifest list entries`,
  );
}

/** Is this the digest of these bytes? */
export function verifyDigest(bytes: Uint8Array, digest: Digest): boolean {
  const [algorithm = "", hex] = digest.split(":");
  if (algorithm !== "sha256" && algorithm !== "sha512") return false;
  return new Bun.CryptoHasher(algorithm).update(bytes).digest("hex") === hex;
}
