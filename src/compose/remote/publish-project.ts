import type { CommandContext } from "../../cli/command.ts";
import { remoteImage } from "../../cli/commands/manifest/fetch-manifest.ts";
import {
  type Descriptor,
  MediaType,
  parseReference,
  referenceString,
  sha256,
  withDefaultTag,
} from "../../spec/index.ts";
import type { LoadedProject } from "../file/load-project.ts";
import { COMPOSE_VERSION } from "../model/labels.ts";
import { pinImages, renderLock } from "../pin-images.ts";
import {
  ANNOTATION,
  COMPOSE_ARTIFACT,
  COMPOSE_ENV_FILE,
  COMPOSE_FILE,
  EMPTY_CONFIG,
} from "./artifact.ts";
import { type PublishedFile, publishedFiles } from "./published-files.ts";

export interface PublishOptions {
  /** `host/path:tag`. */
  target: string;
  insecure: boolean;
  /** Name images by what they are now. */
  pin: boolean;
  /** OCI 1.1; without, the kind of artifact stands as the config's. */
  artifactType: boolean;
  /** Say what would be done alone. */
  dry: boolean;
}

/** Puts an application's files into a registry, as Docker Compose does. Returns the artifact's digest. */
export async function publishProject(
  context: CommandContext,
  loaded: LoadedProject,
  options: PublishOptions,
): Promise<string> {
  const files = await publishedFiles(loaded.files);
  if (options.pin) {
    const text = renderLock(await pinImages(context, loaded.project), "yaml");
    files.push({ kind: "file", name: "image-digests.yaml", text });
  }
  const reference = referenceString(withDefaultTag(parseReference(options.target)));
  const image = await remoteImage(context, reference, options.insecure);
  const registry = await context.registry();
  const empty = Buffer.from("{}");
  const config = {
    ...descriptorOf(options.artifactType ? EMPTY_CONFIG : COMPOSE_ARTIFACT, empty),
    data: empty.toString("base64"),
  };
  const layers = files.map((file) => ({ layer: layerOf(file), bytes: Buffer.from(file.text) }));
  const manifest = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    artifactType: COMPOSE_ARTIFACT,
    config,
    layers: layers.map(({ layer }) => layer),
    annotations: { [ANNOTATION.created]: new Date().toISOString().replace(/\.\d+Z$/, "Z") },
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  if (options.dry) return sha256(bytes);
  await registry.upload(image, config, empty);
  await Promise.all(layers.map(({ layer, bytes: text }) => registry.upload(image, layer, text)));
  return registry.put(image, { bytes, mediaType: MediaType.ociManifest });
}

function layerOf({ kind, name, text }: PublishedFile): Descriptor {
  const bytes = Buffer.from(text);
  return {
    ...descriptorOf(kind === "env" ? COMPOSE_ENV_FILE : COMPOSE_FILE, bytes),
    annotations: {
      ...(kind === "extended" ? { [ANNOTATION.extended]: "true" } : {}),
      [kind === "env" ? ANNOTATION.envFile : ANNOTATION.file]: name,
      [ANNOTATION.version]: COMPOSE_VERSION,
    },
  };
}

const descriptorOf = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});
