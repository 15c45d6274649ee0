import type { BuildRequest, Descriptor } from "../../spec/index.ts";
import type { ImageLayer, Store } from "../../store/index.ts";
import {
  compressionOf,
  compressLayer,
  isForeign,
  parseCompression,
} from "../images/layer-compression.ts";

/**
 * What gives layers the form in which a build's outputs want them; `undefined`: they stay as they are. A
 * manifest that goes to a registry, or that others speak of (indexes, attestations), names compressed layers
 * from the beginning: a later push then leaves it as it is.
 */
export function layerForm(
  store: Store,
  request: BuildRequest,
): ((layer: ImageLayer) => Promise<Descriptor>) | undefined {
  const { compression, compressionLevel: level, forceCompression: forced = false } = request;
  const said = compression !== undefined || level !== undefined || forced;
  if (!said && !isNamed(request)) return undefined;
  const kind = compression === "uncompressed" ? "none" : (compression ?? "gzip");
  const wanted = parseCompression(level === undefined ? kind : `${kind}:${level}`);
  return async ({ blob }) => {
    const stays = isForeign(blob) || (!forced && compressionOf(blob) !== "none");
    return stays ? blob : await compressLayer(store, blob, wanted);
  };
}

/** Whether somebody else is to know the manifest by its digest. */
function isNamed({
  outputs = [],
  platforms = [],
  attestations = {},
  ...rest
}: BuildRequest): boolean {
  const pushed = outputs.some(
    (output) => output.type === "registry" || (output.type === "image" && output.push === true),
  );
  const { provenance, sbom = false } = attestations;
  const described = Object.keys(rest.annotations ?? {}).length > 0;
  return pushed || described || platforms.length > 1 || provenance !== undefined || sbom;
}
