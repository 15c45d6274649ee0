import {
  type Descriptor,
  type DiffId,
  type HistoryEntry,
  type ImageConfig,
  type ImageId,
  type ImageRunConfig,
  type Manifest,
  MediaType,
  type Platform,
  sha256,
} from "../../spec/index.ts";
import type { ImageLayer, ImageRecord, StagedLayer } from "../../store/index.ts";
import { timestamp } from "../clock.ts";
import type { ImageContext } from "./image-context.ts";
import { imageLayers, putImage } from "./image-record.ts";

/** Writes a configuration and its manifest into the content store and records the image. */
export async function createImage(
  context: ImageContext,
  image: {
    config: ImageConfig;
    blobs: readonly Descriptor[];
    /** The top layer, where it is new: it gets its place here. */
    staged?: StagedLayer | undefined;
    parent?: ImageId;
  },
): Promise<ImageRecord> {
  const { content } = context.store;
  const bytes = Buffer.from(JSON.stringify(image.config));
  const id = sha256(bytes);
  const manifest = manifestOf(
    { mediaType: MediaType.ociConfig, digest: id, size: bytes.length },
    image.blobs,
  );
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  using _config = content.hold(id);
  using _manifest = content.hold(sha256(manifestBytes));
  await content.put(bytes);
  const { digest, size } = await content.put(manifestBytes);
  const layers = imageLayers(manifest, image.config);
  using held = new DisposableStack();
  for (const { chainId } of layers) held.use(context.store.snapshots.hold(chainId));
  const [below, top] = [layers.at(-2), layers.at(-1)];
  if (top !== undefined) {
    const { chainId, diffId, blob } = top;
    image.staged?.place({ chainId, parent: below?.chainId, diffId, blob: blob.digest });
  }
  return putImage(context, {
    id: id as string as ImageId,
    config: image.config,
    manifest: { mediaType: MediaType.ociManifest, digest, size },
    layers,
    ...(image.parent === undefined ? {} : { parent: image.parent }),
  });
}

/** Always the same bytes for the same content. */
export function manifestOf(config: Descriptor, layers: readonly Descriptor[]): Manifest {
  return { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [...layers] };
}

/** A new configuration on top of an old one, or of nothing. */
export function childConfig(
  context: ImageContext,
  parent: ImageConfig | undefined,
  child: {
    config: ImageRunConfig;
    platform: Platform;
    /** Absent where nothing was changed. */
    diffId?: DiffId;
    author?: string;
    history: HistoryEntry;
  },
): ImageConfig {
  const created = timestamp(context.clock.nanoseconds());
  const { architecture, os, variant } = child.platform;
  const entry = { created, ...child.history, ...(child.diffId ? {} : { empty_layer: true }) };
  return {
    created,
    ...(child.author ? { author: child.author } : {}),
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os,
    config: child.config,
    rootfs: {
      type: "layers",
      diff_ids: [...(parent?.rootfs.diff_ids ?? []), ...(child.diffId ? [child.diffId] : [])],
    },
    history: [...(parent?.history ?? []), entry],
  };
}

/** The layers of an image as its manifest would list them, for one that is built upon it. */
export function parentBlobs(layers: readonly ImageLayer[]): Descriptor[] {
  return layers.map(({ blob }) => blob);
}
