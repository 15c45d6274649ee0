import { makeImage, type StageState, treeIdentity } from "../../build/index.ts";
import {
  type BuildCacheTarget,
  type BuildRequest,
  type Descriptor,
  type Digest,
  errorMessage,
  type Index,
  MediaType,
  parseReference,
  sha256,
} from "../../spec/index.ts";
import type { ImageRecord, Store } from "../../store/index.ts";
import type { BuildContext } from "./build-context.ts";
import { inlineCache, STAGES_KEY } from "./cache-export.ts";
import type { ExportParts } from "./export-build.ts";
import { layerForm } from "./layer-form.ts";
import { lendTag } from "./lend-tag.ts";

type Target = Exclude<BuildCacheTarget, { type: "inline" }>;

/**
 * Writes a cache for others: an image that knows by which steps its layers were made. With `mode=max` an
 * image of every further stage stands beside it, in one index; the target's names them by digest.
 *
 * `index` is the number that the client takes the cache by, where it goes there.
 */
export async function writeCache(
  context: BuildContext,
  request: BuildRequest,
  parts: ExportParts,
  target: Target,
  index: number,
): Promise<void> {
  const { job, sink, signal } = parts;
  try {
    await job.progress.during("exporting the cache", async (vertex) => {
      const writing = new CacheWriter(context, request, parts, target);
      await writing.write(index, (news) => vertex.progress(news));
    });
  } catch (error) {
    if (target.ignoreError !== true || signal.aborted) throw error;
    void sink({ type: "warning", message: `The cache was not exported: ${errorMessage(error)}` });
  }
}

type Progress = Parameters<BuildContext["services"]["environment"]["images"]["push"]>[2];

class CacheWriter {
  readonly #context: BuildContext;
  readonly #request: BuildRequest;
  readonly #parts: ExportParts;
  readonly #target: Target;
  readonly #store: Store;

  constructor(context: BuildContext, request: BuildRequest, parts: ExportParts, target: Target) {
    this.#context = context;
    this.#request = request;
    this.#parts = parts;
    this.#target = target;
    this.#store = context.services.environment.store;
  }

  async write(index: number, progress: Progress): Promise<void> {
    const before = new Set(this.#store.images.list().map(({ id }) => id));
    const made: ImageRecord[] = [];
    try {
      using held = new DisposableStack();
      await this.#make(made, held);
      if (made.length > 0) await this.#send(made, index, progress);
    } finally {
      // They were for the others alone; the steps of this machine's cache have their layers, too.
      for (const { id } of made) {
        const wanted = before.has(id) || this.#store.images.references(id).length > 0;
        if (!wanted && this.#store.images.get(id) !== undefined) this.#store.images.remove(id);
      }
    }
  }

  /** The target's image is the first of them. */
  async #make(made: ImageRecord[], held: DisposableStack): Promise<void> {
    const [first] = this.#parts.built;
    if (first === undefined) return;
    const others = this.#target.mode === "max" ? otherStages(first.state, first.stages) : [];
    const stages: ImageRecord[] = [];
    for (const state of others) {
      const stage = await this.#image(state, []);
      stages.push(stage);
      made.push(stage);
    }
    const main = await this.#image(
      first.state,
      stages.map(({ manifest }) => manifest.digest),
    );
    if (stages.length === 0) {
      made.unshift(main);
      return;
    }
    const index = await this.#putIndex(main, stages, held);
    made.unshift(this.#store.images.put({ ...main, index }));
  }

  async #image(state: StageState, stages: readonly Digest[]): Promise<ImageRecord> {
    const inline = inlineCache(this.#store, state);
    const named = stages.length === 0 ? {} : { [STAGES_KEY]: stages };
    const { type } = this.#target;
    const outputs = type === "registry" ? [{ type: "registry" } as const] : [];
    const { compression, compressionLevel, forceCompression } = this.#target;
    const compress = layerForm(this.#store, {
      context: { kind: "empty" },
      outputs,
      ...(compression === undefined ? {} : { compression }),
      ...(compressionLevel === undefined ? {} : { compressionLevel }),
      ...(forceCompression === undefined ? {} : { forceCompression }),
    });
    const { record } = await makeImage(this.#store, state, {
      labels: {},
      annotations: {},
      extra: () => ({ ...inline(), ...named }),
      ...(compress === undefined ? {} : { compress }),
      signal: this.#parts.signal,
    });
    return record;
  }

  async #putIndex(
    { manifest, config }: ImageRecord,
    stages: readonly ImageRecord[],
    held: DisposableStack,
  ): Promise<Descriptor> {
    const { architecture, os, variant } = config;
    const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
    // No platform of anybody's: whoever asks for an image gets the target's.
    const nobody = { architecture: "unknown", os: "unknown" };
    const index: Index = {
      schemaVersion: 2,
      mediaType: MediaType.ociIndex,
      manifests: [
        { ...manifest, platform },
        ...stages.map((stage) => ({ ...stage.manifest, platform: nobody })),
      ],
    };
    const bytes = Buffer.from(JSON.stringify(index));
    held.use(this.#store.content.hold(sha256(bytes)));
    const { digest, size } = await this.#store.content.put(bytes);
    return { mediaType: MediaType.ociIndex, digest, size };
  }

  async #send(made: readonly ImageRecord[], index: number, progress: Progress): Promise<void> {
    const { session, sink, signal } = this.#parts;
    const { images } = this.#context.services.environment;
    const target = this.#target;
    if (target.type === "registry") {
      const [main] = made;
      if (main === undefined) return;
      const auth = this.#request.auth ?? {};
      await lendTag(this.#store, target.reference, main, () =>
        images.push(target.reference, auth, progress, signal),
      );
      this.#forgetDigest(target.reference, main);
      return;
    }
    const bytes = await images.save(
      made.map(({ id }) => id),
      signal,
    );
    await session.offer(index, bytes, signal, () => sink({ type: "output", index, what: "cache" }));
  }

  /** A push notes under which digest the registry knows the image: of no use for what is not kept. */
  #forgetDigest(name: string, { manifest, index }: ImageRecord): void {
    const { domain, path } = parseReference(name);
    this.#store.images.untag({ domain, path, digest: (index ?? manifest).digest });
  }
}

/** Those whose steps are not all the target's own. */
function otherStages(target: StageState, stages: readonly StageState[]): StageState[] {
  const known = new Set(target.done.map(({ tree }) => treeIdentity(tree)));
  known.add(treeIdentity(target.tree));
  const others: StageState[] = [];
  // Those that stand on another come after it: the last of them has the steps of all.
  for (const stage of stages.toReversed()) {
    if (stage.done.every(({ tree }) => known.has(treeIdentity(tree)))) continue;
    for (const { tree } of stage.done) known.add(treeIdentity(tree));
    others.push(stage);
  }
  return others;
}
