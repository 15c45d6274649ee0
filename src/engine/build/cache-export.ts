import type { StageState } from "../../build/index.ts";
import type { ChainId, Digest } from "../../spec/index.ts";
import type { Store, Tree } from "../../store/index.ts";

/** A step in terms that mean the same on every machine: on which layers, what, and which layers it gave. */
export interface PortableStep {
  readonly before: ChainId | "";
  readonly operation: Digest;
  readonly after: ChainId | "";
}

/** Where an image's configuration keeps the steps that its layers were made by. */
export const CACHE_KEY = "berth.buildcache.v1";

/** Where the target's image names the manifests of the other stages, for `mode=max`. */
export const STAGES_KEY = "berth.buildcache.stages.v1";

/** The key of an image's configuration that makes a cache of it; once its layers have been made. */
export function inlineCache(store: Store, state: StageState): () => Record<string, unknown> {
  return () => ({ [CACHE_KEY]: portableSteps(store, state) });
}

function portableSteps(store: Store, state: StageState): PortableStep[] {
  return state.done.flatMap(({ operation, before, tree }) => {
    const [from, to] = [chainOf(store, before), chainOf(store, tree)];
    return from === undefined || to === undefined ? [] : [{ before: from, operation, after: to }];
  });
}

/** `undefined` for a snapshot that is no layer. */
export function chainOf(store: Store, tree: Tree): ChainId | "" | undefined {
  if (tree.kind === "layers") return tree.top ?? "";
  return store.builds.get(tree.id)?.chainId;
}
