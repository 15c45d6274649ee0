import {
  errorKind,
  type ImageConfig,
  type Manifest,
  MediaType,
  type Platform,
} from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import { credentialsFor } from "../../connection/registry-credentials.ts";
import type { RemoteImage, RemoteManifest } from "../../registry-access.ts";
import { isIndex } from "./manifest-list.ts";
import type { StoredManifest } from "./manifest-store.ts";

const CONFIG_LIMIT = 8 << 20;

/** An image's registry with the user's credentials for it. */
export async function remoteImage(
  context: CommandContext,
  reference: string,
  insecure: boolean,
): Promise<RemoteImage> {
  const auth = await credentialsFor(await context.config(), reference);
  return { reference, auth, insecure };
}

/** Docker's words for what is not there. */
export async function fetchRemote(
  context: CommandContext,
  image: RemoteImage,
): Promise<RemoteManifest> {
  try {
    return await (await context.registry()).manifest(image);
  } catch (error) {
    if (errorKind(error) !== "not-found") throw error;
    throw new CliError(`no such manifest: ${image.reference}`, 1, { cause: error });
  }
}

/** A manifest that is no list, with its platform, as it is kept. */
export async function fetchManifest(
  context: CommandContext,
  image: RemoteImage,
  known?: Platform,
): Promise<StoredManifest> {
  const fetched = await fetchRemote(context, image);
  if (isIndex(fetched.descriptor)) {
    throw new CliError(`${image.reference} is a manifest list`);
  }
  const manifest = JSON.parse(Buffer.from(fetched.bytes).toString()) as Manifest;
  const platform = known ?? (await platformOf(context, image, manifest));
  const { mediaType, digest, size } = fetched.descriptor;
  return {
    Ref: image.reference,
    Descriptor: { mediaType, digest, size, platform },
    Raw: Buffer.from(fetched.bytes).toString("base64"),
    ...(mediaType === MediaType.ociManifest
      ? { OCIManifest: manifest }
      : { SchemaV2Manifest: manifest }),
  };
}

async function platformOf(
  context: CommandContext,
  image: RemoteImage,
  { config }: Manifest,
): Promise<Platform> {
  const registry = await context.registry();
  const bytes = await registry.blob(image, config, CONFIG_LIMIT);
  const parsed = JSON.parse(Buffer.from(bytes).toString()) as Partial<ImageConfig>;
  const { architecture = "", os = "", variant } = parsed;
  return {
    architecture,
    os,
    ...(parsed["os.version"] === undefined ? {} : { "os.version": parsed["os.version"] }),
    ...(parsed["os.features"] === undefined ? {} : { "os.features": parsed["os.features"] }),
    ...(variant === undefined ? {} : { variant }),
  };
}
