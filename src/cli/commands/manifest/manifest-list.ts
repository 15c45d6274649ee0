import {
  type Descriptor,
  type Index,
  MediaType,
  parseReference,
  referenceString,
  withDefaultTag,
} from "../../../spec/index.ts";
import type { StoredManifest } from "./manifest-store.ts";

/** A reference's whole name, `docker.io/library/x:latest`. Throws for what is none. */
export function wholeName(text: string): string {
  return referenceString(withDefaultTag(parseReference(text)));
}

/** The list as it is pushed: fields, order and indentation are Docker's, and with them the digest. */
export function listDocument(manifests: readonly StoredManifest[]): {
  bytes: Uint8Array;
  mediaType: string;
} {
  const isOci = manifests.every(({ Descriptor }) => Descriptor.mediaType === MediaType.ociManifest);
  const mediaType = isOci ? MediaType.ociIndex : MediaType.dockerManifestList;
  const entries = manifests.map(({ Descriptor: { mediaType, size, digest, platform } }) => ({
    mediaType,
    size,
    digest,
    platform,
  }));
  const document = { schemaVersion: 2, mediaType, manifests: entries };
  return { bytes: Buffer.from(JSON.stringify(document, null, 3)), mediaType };
}

export function parseIndex(bytes: Uint8Array): Index {
  return JSON.parse(Buffer.from(bytes).toString()) as Index;
}

export const isIndex = ({ mediaType }: Pick<Descriptor, "mediaType">): boolean =>
  mediaType === MediaType.ociIndex || mediaType === MediaType.dockerManifestList;
