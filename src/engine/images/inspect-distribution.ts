import { RemoteRepository } from "../../distribution/index.ts";
import {
  type DistributionInspect,
  invalidArgument,
  parseReference,
  type RegistryAuth,
} from "../../spec/index.ts";
import { fetchConfig } from "./fetch-config.ts";
import type { ImageContext } from "./image-context.ts";

/** What a registry has under a name, without pulling it: the descriptor, and the platforms it is for. */
export async function inspectDistribution(
  context: ImageContext,
  name: string,
  auth: RegistryAuth | undefined,
  signal: AbortSignal,
): Promise<DistributionInspect> {
  const reference = parseReference(name);
  if (/^[0-9a-f]{64}$/.test(name)) throw invalidArgument(`unknown image reference: ${name}`);
  const { config, transport } = { config: context.registry, transport: context.transport };
  const repository = new RemoteRepository(reference, { config, transport, auth });
  const wanted = reference.digest ?? reference.tag ?? "latest";
  const { descriptor, content } = await repository.manifest(wanted, signal);
  if (content.kind === "index") {
    const platforms = content.index.manifests.map(({ platform }) => platform);
    return {
      Descriptor: descriptor,
      Platforms: platforms.filter((platform) => platform !== undefined),
    };
  }
  const { config: blob } = content.manifest;
  using _held = context.store.content.hold(blob.digest);
  const { os, architecture, variant } = await fetchConfig(context, repository, blob, signal);
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  return { Descriptor: descriptor, Platforms: [platform] };
}
