import { type RemoteRepository, verifyDigest } from "../../distribution/index.ts";
import { type Descriptor, EngineError, type ImageConfig, MediaType } from "../../spec/index.ts";
import type { ImageContext } from "./image-context.ts";
import { CONFIG_LIMIT, parseImageConfig } from "./image-record.ts";

/** Media types of configurations; the last ones are what old tools wrote. */
const CONFIG_TYPES = new Set<string>([
  MediaType.dockerConfig,
  MediaType.ociConfig,
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
]);

/** The configuration that a manifest names, from the content store or the registry, verified. */
export async function fetchConfig(
  context: ImageContext,
  repository: RemoteRepository,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { content } = context.store;
  if (!CONFIG_TYPES.has(descriptor.mediaType)) {
    const why = `Encountered remote "${descriptor.mediaType}"(unknown) when fetching`;
    throw new EngineError("invalid-argument", why);
  }
  if (content.stat(descriptor.digest) !== undefined) {
    return parseImageConfig(content.read(descriptor.digest));
  }
  if (descriptor.size > CONFIG_LIMIT) {
    throw new EngineError(
      "invalid-argument",
      `the image's configuration has ${descriptor.size} bytes`,
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of repository.blob(descriptor, { signal })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (!verifyDigest(bytes, descriptor.digest)) {
    const message = `image config verification failed for digest ${descriptor.digest}`;
    throw new EngineError("internal", message);
  }
  const config = parseImageConfig(bytes);
  await content.put(bytes);
  return config;
}
