import {
  chainIds,
  type Descriptor,
  type DiffId,
  EngineError,
  type ImageConfig,
  type ImageId,
  invalidArgument,
  isDigest,
  type Manifest,
} from "../../spec/index.ts";
import type { ImageLayer, ImageRecord } from "../../store/index.ts";
import { NEVER } from "../clock.ts";
import { checkConfig } from "./check-config.ts";
import type { ImageContext } from "./image-context.ts";

/** A larger configuration is refused. Bytes. */
export const CONFIG_LIMIT = 8 << 20;

/** Reads an image's configuration; what the engine relies on is checked. `invalid-argument`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalidArgument("invalid image configuration: it is not JSON", cause);
  }
  checkConfig(value);
  const config = value as Partial<ImageConfig>;
  const diffIds: unknown = config.rootfs?.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === "string" && isDigest(id))) {
    throw invalidArgument("invalid image configuration: rootfs.diff_ids is no list of digests");
  }
  if (config.rootfs === undefined && config.history === undefined && config.os === undefined) {
    throw invalidArgument("invalid image configuration: it describes no file system");
  }
  return {
    ...config,
    os: config.os || "linux",
    architecture: config.architecture ?? "",
    rootfs: { type: "layers", diff_ids: diffIds as string[] as DiffId[] },
  };
}

/** Joins the layers that a manifest lists with the DiffIDs of the configuration. */
export function imageLayers(manifest: Manifest, config: ImageConfig): ImageLayer[] {
  const diffIds = config.rootfs.diff_ids;
  if (manifest.layers.length !== diffIds.length) {
    throw new EngineError("internal", "layers from manifest don't match image configuration");
  }
  const chains = chainIds(diffIds);
  return manifest.layers.map((blob, index) => {
    const [diffId, chainId] = [diffIds[index], chains[index]];
    if (diffId === undefined || chainId === undefined)
      throw new EngineError("internal", "no layer");
    return { diffId, chainId, blob };
  });
}

/** Records an image whose layers and blobs are there. */
export function putImage(
  context: ImageContext,
  image: {
    id: ImageId;
    config: ImageConfig;
    manifest: Descriptor;
    index?: Descriptor;
    layers: readonly ImageLayer[];
    parent?: ImageId;
  },
): ImageRecord {
  const { snapshots, images } = context.store;
  const size = image.layers.reduce(
    (sum, { chainId }) => sum + (snapshots.layer(chainId)?.size ?? 0),
    0,
  );
  return images.put({ ...image, size, created: image.config.created ?? NEVER });
}
