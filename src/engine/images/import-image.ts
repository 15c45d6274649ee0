import { decompress, detectCompression, gzip } from "../../archive/index.ts";
import type { HttpTransport } from "../../distribution/index.ts";
import {
  type ChainId,
  type Descriptor,
  type DiffId,
  EngineError,
  type ImageImportOptions,
  invalidArgument,
  MediaType,
  type ProgressMessage,
  parsePlatform,
} from "../../spec/index.ts";
import { applyChanges } from "./change-instructions.ts";
import { FAST_GZIP } from "./commit-container.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import type { ByteStream } from "./image-service.ts";
import { HashedStream, storeStream } from "./new-blob.ts";
import { childConfig, createImage } from "./new-image.ts";
import { ProgressQueue } from "./progress-queue.ts";
import { parseTarget, tagAs } from "./tag-image.ts";

/** Makes an image of one layer from a tar of a root file system: the request's body or a URL's. */
export function importImage(
  context: ImageContext,
  options: ImageImportOptions,
  body: ByteStream,
  signal?: AbortSignal,
): AsyncIterable<ProgressMessage> {
  const target = options.reference ? parseTarget(options.reference) : undefined;
  const config = applyChanges({}, options.changes);
  const platform = options.platform ? parsePlatform(options.platform, context.host) : context.host;
  if (platform.os !== context.host.os) {
    throw invalidArgument(
      `image operating system "${platform.os}" cannot be used on this platform`,
    );
  }
  return ProgressQueue.run(async (progress, running) => {
    const stream =
      options.source === "-"
        ? body
        : await openUrl(context.transport, options.source, progress, running);
    const layer = await importLayer(context, stream, running);
    using _layer = context.store.content.hold(layer.blob.digest);
    const comment = options.message || `Imported from ${options.source}`;
    const { id } = await createImage(context, {
      config: childConfig(context, undefined, {
        config,
        platform,
        diffId: layer.diffId,
        history: { comment },
      }),
      blobs: [layer.blob],
    });
    if (target !== undefined) tagAs(context, id, target);
    emitImageEvent(context, "import", { id, name: id });
    progress.push({ status: id });
  }, signal);
}

/** Stores the tar (gzip if it came plain), then unpacks it from there. */
async function importLayer(
  context: ImageContext,
  stream: ByteStream,
  signal: AbortSignal,
): Promise<{ diffId: DiffId; blob: Descriptor }> {
  const { content, snapshots } = context.store;
  const { first, rest } = await peek(stream);
  const compression = detectCompression(first);
  const tar = new HashedStream();
  const info =
    compression === "none"
      ? await storeStream(content, gzip(tar.pass(rest), FAST_GZIP))
      : await storeStream(content, rest);
  using _blob = content.hold(info.digest);
  if (compression !== "none") {
    for await (const _ of tar.pass(decompress(content.open(info.digest))));
  }
  signal.throwIfAborted();
  const diffId = tar.digest() as string as DiffId;
  const chainId = diffId as string as ChainId;
  const layer = { chainId, parent: undefined, diffId, blob: info.digest };
  await snapshots.ensureLayer(layer, () => content.open(info.digest), { signal });
  const mediaType = compression === "zstd" ? MediaType.ociLayerZstd : MediaType.ociLayerGzip;
  return { diffId, blob: { mediaType, digest: info.digest, size: info.size } };
}

/** The first bytes of a stream, and all of it. */
async function peek(stream: ByteStream): Promise<{ first: Uint8Array; rest: ByteStream }> {
  const iterator = stream[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array();
  while (first.length < 6) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first = Buffer.concat([first, value]);
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    if (first.length > 0) yield first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { first, rest: rest() };
}

async function openUrl(
  transport: HttpTransport,
  source: string,
  progress: ProgressQueue,
  signal: AbortSignal,
): Promise<ByteStream> {
  const url = URL.parse(/^[a-z]+:\/\//i.test(source) ? source : `http://${source}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalidArgument(`invalid import source "${source}"`);
  }
  const response = await transport.send({ method: "GET", url: url.href, signal });
  if (response.status !== 200) {
    response.discard();
    const status = `${response.status} ${response.statusText}`.trim();
    throw new EngineError(
      "invalid-argument",
      `Cannot import "${url.href}": server returned ${status}`,
    );
  }
  progress.push({ status: `Downloading from ${url.href}` });
  return importing(response.body, Number(response.headers.get("content-length") ?? 0), progress);
}

async function* importing(
  stream: ByteStream,
  total: number,
  progress: ProgressQueue,
): AsyncGenerator<Uint8Array> {
  let current = 0;
  for await (const chunk of stream) {
    current += chunk.length;
    progress.progress("", "Importing", current, total);
    yield chunk;
  }
}
