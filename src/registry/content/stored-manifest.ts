import type { Descriptor, Digest } from "../../spec/index.ts";

/** What stands before a manifest's bytes in its object. */
export interface ManifestHeader {
  readonly mediaType: string;
  /** Milliseconds since the epoch. */
  readonly pushedAt: number;
  readonly subject?: Digest;
}

export interface StoredManifest extends ManifestHeader {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

const NEWLINE = 10;

/** One object for both, so that a manifest is there with its media type or not at all. */
export function encodeManifest(header: ManifestHeader, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), bytes]);
}

export function decodeManifest(digest: Digest, object: Uint8Array): StoredManifest {
  const end = object.indexOf(NEWLINE);
  const header = JSON.parse(Buffer.from(object.subarray(0, end)).toString()) as ManifestHeader;
  return { ...header, digest, bytes: object.subarray(end + 1) };
}

/** Every digest that a stored manifest refers to; for the collector. */
export function referencesOf(manifest: StoredManifest): Digest[] {
  const document = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
    config?: Descriptor;
    layers?: Descriptor[];
    manifests?: Descriptor[];
  };
  const entries = [...(document.layers ?? []), ...(document.manifests ?? [])];
  if (document.config !== undefined) entries.push(document.config);
  return entries.map(({ digest }) => digest);
}
