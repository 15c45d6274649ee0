import { type Descriptor, type Digest, isDigest, MediaType } from "../../spec/index.ts";
import { RegistryFault } from "../registry-fault.ts";
import { ambiguityOf } from "./strict-json.ts";

/** What the registry has to know of a manifest or index. */
export interface ManifestDocument {
  readonly kind: "manifest" | "index";
  readonly mediaType: string;
  /** Blobs that must be in the repository, each once. */
  readonly blobs: readonly Descriptor[];
  /** An index's entries, each once. */
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const INDEXES: ReadonlySet<string> = new Set([MediaType.ociIndex, MediaType.dockerManifestList]);
const MANIFESTS: ReadonlySet<string> = new Set([MediaType.ociManifest, MediaType.dockerManifest]);
/** RFC 6838, section 4.2. */
const MEDIA_TYPE = /^[A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126}$/;
/** Layers that their authors do not want on other servers: `urls` says where they are. */
const FOREIGN = /(\.foreign\.|\.nondistributable\.)/;

/** Throws MANIFEST_INVALID with the reason. `contentType` is the request's. */
export function parseManifestDocument(bytes: Uint8Array, contentType: string): ManifestDocument {
  const document = parseObject(bytes);
  const mediaType = mediaTypeOf(document, contentType);
  if ("manifests" in document && ("config" in document || "layers" in document)) {
    throw invalid("it is a manifest and an index at once");
  }
  const kind = INDEXES.has(mediaType) ? "index" : "manifest";
  const config = kind === "manifest" ? descriptor(document["config"], "config") : undefined;
  return {
    kind,
    mediaType,
    blobs: config === undefined ? [] : unique([config, ...ownLayers(document)]),
    manifests: kind === "index" ? unique(descriptors(document["manifests"], "manifests")) : [],
    subject: "subject" in document ? descriptor(document["subject"], "subject") : undefined,
    artifactType: artifactType(document, config),
    annotations: annotations(document["annotations"]),
  };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw invalid("it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("it is no JSON object");
  }
  const ambiguity = ambiguityOf(text);
  if (ambiguity !== undefined) throw invalid(ambiguity);
  return value as Record<string, unknown>;
}

function mediaTypeOf(document: Record<string, unknown>, contentType: string): string {
  const claimed = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (
    document["schemaVersion"] === 1 ||
    claimed.startsWith("application/vnd.docker.distribution.manifest.v1+")
  ) {
    throw invalid("Docker's schema 1 is not supported");
  }
  if (document["schemaVersion"] !== 2) throw invalid("schemaVersion must be 2");
  const stated = document["mediaType"];
  if (stated !== undefined && typeof stated !== "string") throw invalid("mediaType is no text");
  const vague = claimed === "" || claimed === "application/json";
  const mediaType = vague ? (stated ?? "") : claimed;
  if (stated !== undefined && stated !== mediaType) {
    throw invalid(`its mediaType is "${stated}", but the request's Content-Type is "${claimed}"`);
  }
  if (INDEXES.has(mediaType) || MANIFESTS.has(mediaType)) return mediaType;
  throw invalid(`media type "${mediaType}" is not supported`);
}

function ownLayers(document: Record<string, unknown>): Descriptor[] {
  return descriptors(document["layers"], "layers").filter(
    ({ mediaType, urls }) => !(FOREIGN.test(mediaType) && (urls?.length ?? 0) > 0),
  );
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${where} is no list`);
  return value.map((entry, index) => descriptor(entry, `${where}[${index}]`));
}

function descriptor(value: unknown, where: string): Descriptor {
  const { mediaType, digest, size, urls } = (value ?? {}) as Record<string, unknown>;
  if (typeof mediaType !== "string" || !MEDIA_TYPE.test(mediaType)) {
    throw invalid(`${where} has no valid mediaType`);
  }
  if (typeof digest !== "string" || !isDigest(digest))
    throw invalid(`${where} has no valid digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${where} has no valid size`);
  }
  if (urls !== undefined && !isTextList(urls)) throw invalid(`${where} has no valid urls`);
  return value as Descriptor;
}

function artifactType(
  document: Record<string, unknown>,
  config: Descriptor | undefined,
): string | undefined {
  const stated = document["artifactType"];
  if (stated !== undefined && typeof stated !== "string") throw invalid("artifactType is no text");
  // Image-spec, manifest.md: without an artifactType the config's media type stands for it.
  return stated || config?.mediaType;
}

function annotations(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const texts =
    typeof value === "object" && !Array.isArray(value) && isTextList(Object.values(value));
  if (!texts) throw invalid("annotations are no texts");
  return value as Record<string, string>;
}

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");

/** The same blob under two sizes cannot be right in both. */
function unique(list: readonly Descriptor[]): Descriptor[] {
  const seen = new Map<Digest, Descriptor>();
  for (const entry of list) {
    const known = seen.get(entry.digest);
    if (known !== undefined && known.size !== entry.size) {
      throw invalid(`${entry.digest} stands in it with two sizes`);
    }
    seen.set(entry.digest, entry);
  }
  return [...seen.values()];
}

function invalid(why: string): RegistryFault {
  return new RegistryFault("MANIFEST_INVALID", `manifest invalid: ${why}`);
}
