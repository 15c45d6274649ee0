import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { CommandContext } from "../../cli/command.ts";
import { remoteImage } from "../../cli/commands/manifest/fetch-manifest.ts";
import { type Descriptor, type Manifest, parseReference } from "../../spec/index.ts";
import type { ComposeFlagValues } from "../compose-flags.ts";
import type { RemoteFiles } from "../file/load-files.ts";
import { ANNOTATION, COMPOSE_ARTIFACT, COMPOSE_ENV_FILE, COMPOSE_FILE } from "./artifact.ts";
import { cached } from "./fetch-cache.ts";

/** More than anybody writes by hand. */
const FILE_LIMIT = 8 << 20;

/** An application that `publish` has put into a registry. */
export async function fetchOci(context: CommandContext, reference: string): Promise<RemoteFiles> {
  const { domain, path } = parseReference(reference);
  const insecure = (context.group.values as ComposeFlagValues)["insecure-registry"];
  const image = await remoteImage(context, reference, insecure.includes(domain));
  const registry = await context.registry();
  const { descriptor, bytes } = await registry.manifest(image);
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest & {
    artifactType?: string;
  };
  if (manifest.artifactType !== COMPOSE_ARTIFACT) {
    throw new Error(`"${reference}" is no Compose application: nobody has published one there`);
  }
  const name = join("oci", descriptor.digest.replace(":", "-"), basename(path));
  const place = await cached(context, name, async (directory) => {
    const main: string[] = [];
    for (const layer of manifest.layers) {
      const text = Buffer.from(await registry.blob(image, layer, FILE_LIMIT)).toString();
      const own = ownName(layer);
      if (own === undefined) main.push(text);
      else await writeFile(join(directory, own), text);
    }
    await writeFile(join(directory, "compose.yaml"), main.join("\n---\n"));
  });
  return { file: join(place, "compose.yaml"), confine: place };
}

/** The name of a file beside the application's own ones, which are laid over each other in their order. */
function ownName({ mediaType, annotations = {} }: Descriptor): string | undefined {
  const isExtended = mediaType === COMPOSE_FILE && annotations[ANNOTATION.extended] === "true";
  const name =
    mediaType === COMPOSE_ENV_FILE ? annotations[ANNOTATION.envFile] : annotations[ANNOTATION.file];
  if (mediaType !== COMPOSE_ENV_FILE && !isExtended) {
    if (mediaType === COMPOSE_FILE) return undefined;
    throw new Error(`it holds a file of the unknown kind "${mediaType}"`);
  }
  if (
    name === undefined ||
    name !== basename(name) ||
    name.startsWith(".") ||
    name === "compose.yaml"
  ) {
    throw new Error(`it holds a file of the forbidden name "${name ?? ""}"`);
  }
  return name;
}
