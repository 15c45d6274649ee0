import {
  type ChainId,
  chainIds,
  type Descriptor,
  type DiffId,
  type ImageConfig,
  type ImageId,
  type Manifest,
  MediaType,
  notFound,
  sha256,
} from "../../spec/index.ts";
import type { ImageLayer, ImageRecord, Store } from "../../store/index.ts";
import type { StageState } from "../steps/stage-state.ts";

export interface ImageOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Seconds since the epoch. */
  readonly sourceDateEpoch?: number;
  /** More keys of the configuration: an inline cache. */
  readonly extra?: (layers: readonly ImageLayer[]) => Readonly<Record<string, unknown>>;
  /** Gives a layer the form that it is to have in the manifest. */
  readonly compress?: (layer: ImageLayer) => Promise<Descriptor>;
  readonly signal: AbortSignal;
}

export interface MadeImage {
  readonly record: ImageRecord;
  readonly config: Descriptor;
}

/** Makes an image of a stage: its layers, configuration and manifest, recorded in the store. */
export async function makeImage(
  store: Store,
  state: StageState,
  options: ImageOptions,
): Promise<MadeImage> {
  const { sourceDateEpoch } = options;
  const notAfter = sourceDateEpoch === undefined ? {} : { notAfter: sourceDateEpoch };
  using made = await store.builds.toLayers(state.tree, { ...notAfter, signal: options.signal });
  using held = new DisposableStack();
  const layers = await compressed(
    store,
    held,
    [...layersBelow(store, state), ...made.layers],
    options,
  );
  const config = imageConfig(state, layers, options);
  const bytes = Buffer.from(JSON.stringify(config));
  const id = sha256(bytes);
  using _config = store.content.hold(id);
  const configDescriptor = { mediaType: MediaType.ociConfig, digest: id, size: bytes.length };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: configDescriptor,
    layers: layers.map(({ blob }) => blob),
    ...(Object.keys(options.annotations).length === 0
      ? {}
      : { annotations: { ...options.annotations } }),
  };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  using _manifest = store.content.hold(sha256(manifestBytes));
  const [, { digest, size }] = await Promise.all([
    store.content.put(bytes),
    store.content.put(manifestBytes),
  ]);
  const record = store.images.put({
    id: id as string as ImageId,
    config,
    manifest: { mediaType: MediaType.ociManifest, digest, size },
    layers: withChains(layers),
    size: layers.reduce((sum, { chainId }) => sum + (store.snapshots.layer(chainId)?.size ?? 0), 0),
    created: config.created ?? "",
  });
  return { record, config: configDescriptor };
}

async function compressed(
  { content }: Store,
  held: DisposableStack,
  layers: readonly ImageLayer[],
  { compress, signal }: ImageOptions,
): Promise<readonly ImageLayer[]> {
  if (compress === undefined) return layers;
  const made: ImageLayer[] = [];
  for (const layer of layers) {
    signal.throwIfAborted();
    const blob = await compress(layer);
    held.use(content.hold(blob.digest));
    made.push({ ...layer, blob });
  }
  return made;
}

/** The layers under a stage's snapshots: the base image's, or more where a cache of others gave some. */
function layersBelow(store: Store, { tree, baseLayers }: StageState): readonly ImageLayer[] {
  let base = tree;
  while (base.kind === "snapshot") {
    const snapshot = store.builds.get(base.id);
    if (snapshot === undefined) throw notFound(`the build's snapshot ${base.id} is gone`);
    base = snapshot.base;
  }
  const { top } = base;
  if (top === baseLayers.at(-1)?.chainId) return baseLayers;
  if (top === undefined) return [];
  const stack = store.images
    .list()
    .map(({ layers }) => layers.slice(0, layers.findIndex(({ chainId }) => chainId === top) + 1));
  const found = stack.find(({ length }) => length > 0);
  if (found === undefined) throw notFound(`no image has the layer ${top} any more`);
  return found;
}

function withChains(layers: readonly ImageLayer[]): ImageLayer[] {
  const chains: ChainId[] = chainIds(layers.map(({ diffId }) => diffId));
  return layers.map((layer, index) => ({ ...layer, chainId: chains[index] ?? layer.chainId }));
}

function imageConfig(
  state: StageState,
  layers: readonly ImageLayer[],
  options: ImageOptions,
): ImageConfig {
  const { config, platform, author } = state;
  const { sourceDateEpoch } = options;
  const at =
    sourceDateEpoch === undefined ? undefined : new Date(sourceDateEpoch * 1000).toISOString();
  const labels = { ...config.Labels, ...options.labels };
  const diffIds: DiffId[] = layers.map(({ diffId }) => diffId);
  const own = state.history.length - state.inheritedHistory;
  const history = state.history.map((entry, index) =>
    at !== undefined && index >= state.history.length - own ? { ...entry, created: at } : entry,
  );
  return {
    created: at ?? state.created,
    ...(author === "" ? {} : { author }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    config: { ...config, ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }) },
    rootfs: { type: "layers", diff_ids: diffIds },
    history,
    ...options.extra?.(layers),
  };
}
