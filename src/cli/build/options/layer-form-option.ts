import type { BuildLayerForm } from "../../../spec/index.ts";
import type { AttributeReader } from "./attribute-list.ts";

/** `compression`, `compression-level` and `force-compression`; `undefined` where nothing is said. */
export function readLayerForm(reader: AttributeReader): BuildLayerForm | undefined {
  const kind = reader.take("compression");
  if (kind !== undefined && kind !== "uncompressed" && kind !== "gzip" && kind !== "zstd") {
    throw new Error(`unsupported compression "${kind}": uncompressed, gzip or zstd`);
  }
  const level = reader.take("compression-level");
  if (level !== undefined && !/^\d{1,2}$/.test(level)) {
    throw new Error(`invalid compression-level "${level}": it must be a number`);
  }
  const forced = reader.takeBoolean("force-compression");
  if (kind === undefined && level === undefined && forced === undefined) return undefined;
  return {
    ...(kind === undefined ? {} : { compression: kind }),
    ...(level === undefined ? {} : { compressionLevel: Number(level) }),
    ...(forced === undefined ? {} : { forceCompression: forced }),
  };
}
