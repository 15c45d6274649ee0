import type { RemoteRepository } from "../../distribution/index.ts";
import { shortId } from "../../spec/index.ts";
import type { ImageLayer } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import type { ProgressQueue } from "./progress-queue.ts";
import { pullLayer } from "./pull-layer.ts";

/** Brings every layer that is not there; the first failure stops the others and is thrown. */
export async function pullLayers(
  pull: {
    readonly context: ImageContext;
    readonly repository: RemoteRepository;
    readonly progress: ProgressQueue;
    readonly signal: AbortSignal;
  },
  layers: readonly ImageLayer[],
): Promise<void> {
  const { context, progress } = pull;
  const missing = layers
    .map((layer, index) => ({ ...layer, parent: layers[index - 1]?.chainId }))
    .filter(({ chainId, blob }) => {
      const there = context.store.snapshots.layer(chainId) !== undefined;
      progress.status(shortId(blob.digest), there ? "Already exists" : "Pulling fs layer");
      return !there;
    });
  const aborter = new AbortController();
  const signal = AbortSignal.any([pull.signal, aborter.signal]);
  let failure: { error: unknown } | undefined;
  const transfers = missing.map(async (layer) => {
    try {
      await pullLayer({ ...pull, signal, layer });
    } catch (error) {
      failure ??= { error };
      aborter.abort(error);
    }
  });
  await Promise.all(transfers);
  if (failure !== undefined) throw failure.error;
}
