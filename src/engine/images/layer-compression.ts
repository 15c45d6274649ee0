import { decompress, gzip, zstd } from "../../archive/index.ts";
import { type Descriptor, invalidArgument, MediaType } from "../../spec/index.ts";
import type { Store } from "../../store/index.ts";

/** How layers are to be compressed on their way to a registry. */
export interface LayerCompression {
  readonly kind: "gzip" | "zstd" | "none";
  /** gzip 1-9, zstd 1-22; undefined for the usual one, which also takes a layer that has the kind as it is. */
  readonly level: number | undefined;
}

const HIGHEST = { gzip: 9, zstd: 22, none: 0 } as const;
const MEDIA_TYPE = {
  gzip: MediaType.ociLayerGzip,
  zstd: MediaType.ociLayerZstd,
  none: MediaType.ociLayer,
} as const;

/** `gzip`, `zstd:19`, `none`. `invalid-argument`. */
export function parseCompression(text: string): LayerCompression {
  const [, word, digits] = /^(gzip|zstd|none)(?::(\d{1,2}))?$/.exec(text) ?? [];
  const kind = word as LayerCompression["kind"] | undefined;
  const level = digits === undefined ? undefined : Number(digits);
  const fits = kind !== undefined && (level === undefined || (level > 0 && level <= HIGHEST[kind]));
  if (!fits) {
    throw invalidArgument(
      `invalid compression "${text}": expected gzip[:1-9], zstd[:1-22] or none`,
    );
  }
  return { kind, level };
}

/**
 * The layer's blob in the wanted form, in the content store; the layer itself where it has that form. The
 * same layer always gives the same bytes.
 */
export async function compressLayer(
  { content }: Store,
  blob: Descriptor,
  { kind, level }: LayerCompression,
): Promise<Descriptor> {
  if (level === undefined && compressionOf(blob) === kind) {
    return { mediaType: MEDIA_TYPE[kind], digest: blob.digest, size: blob.size };
  }
  const plain = decompress(content.open(blob.digest));
  const packed =
    kind === "gzip" ? gzip(plain, level) : kind === "zstd" ? zstd(plain, level) : plain;
  const writer = await content.create();
  try {
    for await (const chunk of packed) await writer.write(chunk);
    return { mediaType: MEDIA_TYPE[kind], ...(await writer.commit()) };
  } finally {
    await writer.close();
  }
}

/** By what its manifest says. */
export function compressionOf({ mediaType }: Descriptor): LayerCompression["kind"] {
  if (mediaType.endsWith("gzip")) return "gzip";
  return mediaType.endsWith("zstd") ? "zstd" : "none";
}

/** Layers that their makers do not let everybody hand on: registries have their description alone. */
export function isForeign({ mediaType }: Descriptor): boolean {
  return /\.foreign\.|\.nondistributable\./.test(mediaType);
}
