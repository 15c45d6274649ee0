import type { RemoteRepository } from "../../distribution/index.ts";
import type { Descriptor, Digest, Platform } from "../../spec/index.ts";

export interface InspectedImage {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of a manifest: of the configuration and the layers. Bytes. */
  readonly size?: number;
  readonly config?: unknown;
  readonly layers?: readonly Descriptor[];
  readonly platforms?: readonly { digest: Digest; platform: Platform | undefined }[];
  readonly annotations?: Record<string, string>;
}

/** A configuration above this is not shown. Bytes. */
const CONFIG_LIMIT = 4 << 20;

/** What a registry has under a tag or digest. */
export async function inspectImage(
  repository: RemoteRepository,
  reference: string,
): Promise<InspectedImage> {
  const { descriptor, content } = await repository.manifest(reference);
  const { digest, mediaType } = descriptor;
  if (content.kind === "index") {
    const { manifests, annotations } = content.index;
    const platforms = manifests.map((entry) => ({
      digest: entry.digest,
      platform: entry.platform,
    }));
    return { digest, mediaType, platforms, ...(annotations && { annotations }) };
  }
  const { config, layers, annotations } = content.manifest;
  const size = [config, ...layers].reduce((sum, entry) => sum + entry.size, 0);
  return {
    digest,
    mediaType,
    size,
    config: await readConfig(repository, config),
    layers,
    ...(annotations && { annotations }),
  };
}

async function readConfig(repository: RemoteRepository, config: Descriptor): Promise<unknown> {
  if (config.size > CONFIG_LIMIT) return undefined;
  const parts = await Array.fromAsync(repository.blob(config));
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    // An artifact's configuration can be anything.
    return undefined;
  }
}
