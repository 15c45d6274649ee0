import { packTree } from "../../archive/index.ts";
import { type EventSink, type ImportedSteps, materialize } from "../../build/index.ts";
import {
  type BuildCacheSource,
  type BuildRequest,
  type ChainId,
  errorMessage,
  parseReference,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { BuildContext } from "./build-context.ts";
import { CACHE_KEY, chainOf, type PortableStep } from "./cache-export.ts";

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
      const image = await fetchCache(context, request, source, parts);
      for (const { chainId } of image.layers) parts.held.use(store.snapshots.hold(chainId));
      const steps = (image.config[CACHE_KEY] ?? []) as PortableStep[];
      for (const { before, operation, after } of steps) known.set(`${before} ${operation}`, after);
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

async function fetchCache(
  context: BuildContext,
  request: Pick<BuildRequest, "auth">,
  source: BuildCacheSource,
  parts: Parts,
): Promise<ImageRecord> {
  if (source.type === "local") return await loadCache(context, source.context, parts);
  const { images, host } = context.services.environment;
  const options = { platform: host, pull: false, auth: request.auth ?? {} };
  return await images.resolve(
    parseReference(source.reference),
    options,
    () => undefined,
    parts.signal,
  );
}

/** An archive that the client has kept: an OCI layout, sent as a context. */
async function loadCache(context: BuildContext, id: string, parts: Parts): Promise<ImageRecord> {
  const { store } = context.services.environment;
  const place = `${store.builds.directory("contexts")}/${crypto.randomUUID()}`;
  parts.held.defer(() => store.builds.discard(place));
  await materialize(context.uploads.use(id), place, parts.signal);
  let found = "";
  const loading = context.engine.images.load(
    packTree(place, { signal: parts.signal }),
    { quiet: true, platforms: [] },
    parts.signal,
  );
  for await (const { stream } of loading) {
    found = /^Loaded image(?: ID)?: (\S+)/.exec(stream ?? "")?.[1] ?? found;
  }
  return store.images.find(found);
}
