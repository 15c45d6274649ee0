import type { HttpTransport } from "../../distribution/index.ts";
import {
  EngineError,
  type ImageImportOptions,
  invalidArgument,
  type ProgressMessage,
  parsePlatform,
} from "../../spec/index.ts";
import { applyChanges } from "./change-instructions.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import type { ByteStream } from "./image-service.ts";
import { childConfig, createImage } from "./new-image.ts";
import { ProgressQueue } from "./progress-queue.ts";
import { storeLayer } from "./store-layer.ts";
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
    using layer = await storeLayer(context.store, stream, running);
    const { blob, staged } = layer;
    const comment = options.message || `Imported from ${options.source}`;
    const { id } = await createImage(context, {
      config: childConfig(context, undefined, {
        config,
        platform,
        diffId: staged.diffId,
        history: { comment },
      }),
      blobs: [blob],
      staged,
    });
    if (target !== undefined) tagAs(context, id, target);
    emitImageEvent(context, "import", { id, name: id });
    progress.push({ status: id });
  }, signal);
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
