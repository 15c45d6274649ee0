import { packTree } from "../../archive/index.ts";
import { type EventSink, type ImportedSteps, materialize } from "../../build/index.ts";
import {
  type BuildCacheSource,
  type BuildRequest,
  type ChainId,
  type Digest,
  errorMessage,
  notFound,
  parseReference,
  type Reference,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { BuildContext } from "./build-context.ts";
import { CACHE_KEY, chainOf, type PortableStep, STAGES_KEY } from "./cache-export.ts";

interface Parts {
  readonly held: DisposableStack;
  readonly signal: AbortSignal;
  readonly sink: EventSink;
}

/** Steps that images know to have been done; an image that cannot be had is a warning. */
export async function importedSteps(
  context: BuildContext,
  request: Pick<BuildRequest, "cacheFrom" | "auth">,
  parts: Parts,
): Promise<ImportedSteps> {
  const { store } = context.services.environment;
  const known = new Map<string, ChainId | "">();
  for (const source of request.cacheFrom ?? []) {
    try {
      for (const image of await fetchCaches(context, request, source, parts)) {
        for (const { chainId } of image.layers) parts.held.use(store.snapshots.hold(chainId));
        const steps = (image.config[CACHE_KEY] ?? []) as PortableStep[];
        for (const { before, operation, after } of steps)
          known.set(`${before} ${operation}`, after);
      }
    } catch (error) {
      parts.signal.throwIfAborted();
      const name = source.type === "registry" ? source.reference : "the local cache";
      const message = `Cannot use the cache of "${name}": ${errorMessage(error)}`;
      void parts.sink({ type: "warning", message });
    }
  }
  return {
    find: async (parent, operation) => {
      const before = chainOf(store, parent);
      const after = before === undefined ? undefined : known.get(`${before} ${operation}`);
      if (after === undefined) return undefined;
      if (after === before) return parent;
      if (after === "" || store.snapshots.layer(after) === undefined) return undefined;
      return { kind: "layers", top: after };
    },
  };
}

/** The target's image, and those of other stages that it names. */
async function fetchCaches(
  context: BuildContext,
  request: Pick<BuildRequest, "auth">,
  source: BuildCacheSource,
  parts: Parts,
): Promise<ImageRecord[]> {
  if (source.type === "local") return await loadCaches(context, source.context, parts);
  const { images, host } = context.services.environment;
  const options = { platform: host, pull: false, auth: request.auth ?? {} };
  const resolve = (reference: Reference) =>
    images.resolve(reference, options, () => undefined, parts.signal);
  const reference = parseReference(source.reference);
  const main = await resolve(reference);
  const { domain, path } = reference;
  const stages = (main.config[STAGES_KEY] ?? []) as Digest[];
  const others = await Promise.all(stages.map((digest) => resolve({ domain, path, digest })));
  return [main, ...others];
}

/** An archive that the client has kept: an OCI layout, sent as a context. */
async function loadCaches(context: BuildContext, id: string, parts: Parts): Promise<ImageRecord[]> {
  const { store } = context.services.environment;
  const place = `${store.builds.directory("contexts")}/${crypto.randomUUID()}`;
  parts.held.defer(() => store.builds.discard(place));
  await materialize(context.uploads.use(id), place, parts.signal);
  const found: string[] = [];
  const loading = context.engine.images.load(
    packTree(place, { signal: parts.signal }),
    { quiet: true, platforms: [] },
    parts.signal,
  );
  for await (const { stream } of loading) {
    const name = /^Loaded image(?: ID)?: (\S+)/.exec(stream ?? "")?.[1];
    if (name !== undefined) found.push(name);
  }
  if (found.length === 0) throw notFound("it holds no image");
  return found.map((name) => store.images.find(name));
}
