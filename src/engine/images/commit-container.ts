import { gzip } from "../../archive/index.ts";
import {
  type ContainerConfig,
  type Descriptor,
  familiarString,
  type ImageCommitOptions,
  type ImageRunConfig,
  MediaType,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { mergeRunConfig } from "../containers/run-config.ts";
import { applyChanges } from "./change-instructions.ts";
import { Channel } from "./channel.ts";
import type { ImageContext } from "./image-context.ts";
import type { CommitSource } from "./image-service.ts";
import { storeStream } from "./new-blob.ts";
import { childConfig, createImage, parentBlobs } from "./new-image.ts";
import { parseTarget, tagAs } from "./tag-image.ts";

/** Level of gzip for layers that are made here: the next reader is a disk, not a network. */
export const FAST_GZIP = 1;

/** Makes an image of a container's changes on top of the image that it was made from. */
export async function commitContainer(
  context: ImageContext,
  options: ImageCommitOptions,
): Promise<{ Id: string }> {
  const source = context.containers.commitSource(options.container);
  const target = options.repo ? parseTarget(options.repo, options.tag) : undefined;
  const config = commitConfig(source, options);
  const parent = context.store.images.get(source.imageId);
  const store = () => storeChanges(context, source.id);
  const layer = options.pause
    ? await context.containers.whilePaused(source.id, store)
    : await store();
  using _layer =
    layer.blob === undefined ? undefined : context.store.content.hold(layer.blob.digest);
  const image = await createImage(context, {
    config: childConfig(context, parent?.config, {
      config,
      platform: parent?.config ?? context.host,
      ...(layer.blob === undefined ? {} : { diffId: layer.diffId }),
      author: options.author,
      history: commitHistory(source, options),
    }),
    blobs: [...parentBlobs(parent?.layers ?? []), ...(layer.blob ? [layer.blob] : [])],
    ...(parent === undefined ? {} : { parent: parent.id }),
  });
  if (target !== undefined) tagAs(context, image.id, target);
  tellCommit(context, source, options, image, target === undefined ? "" : familiarString(target));
  return { Id: image.id };
}

/** The request's configuration with the changes, and the container's for what they leave open. */
function commitConfig(source: CommitSource, options: ImageCommitOptions): ImageRunConfig {
  const requested = applyChanges((options.config ?? {}) as ImageRunConfig, options.changes);
  const own = requested as unknown as ContainerConfig;
  const merged = mergeRunConfig(
    { ...own, Env: own.Env ?? null, Cmd: own.Cmd ?? null, Entrypoint: own.Entrypoint ?? null },
    source.config,
  );
  return { ...source.config, ...merged, OnBuild: requested.OnBuild ?? null } as ImageRunConfig;
}

function commitHistory(source: CommitSource, options: ImageCommitOptions) {
  return {
    created_by: (source.config.Cmd ?? []).join(" "),
    ...(options.author === "" ? {} : { author: options.author }),
    ...(options.comment === "" ? {} : { comment: options.comment }),
  };
}

/** The container's changes as a compressed blob; no blob where there are none. */
async function storeChanges(context: ImageContext, containerId: string) {
  const channel = new Channel<Uint8Array>();
  const stored = storeStream(context.store.content, gzip(channel, FAST_GZIP));
  stored.catch((error: unknown) => channel.cancel(error));
  try {
    const { diffId, empty } = await context.store.snapshots.commitContainer(containerId, (chunk) =>
      channel.send(chunk),
    );
    channel.end();
    const { digest, size } = await stored;
    const blob: Descriptor = { mediaType: MediaType.ociLayerGzip, digest, size };
    return empty ? { diffId, blob: undefined } : { diffId, blob };
  } catch (error) {
    channel.end(error);
    await stored.catch(() => undefined);
    throw error;
  }
}

function tellCommit(
  context: ImageContext,
  source: CommitSource,
  options: ImageCommitOptions,
  image: ImageRecord,
  imageRef: string,
): void {
  const attributes = {
    ...source.config.Labels,
    comment: options.comment,
    imageID: image.id,
    imageRef,
    image: String(source.config["Image"] ?? ""),
    name: source.name,
  };
  context.emit({ type: "container", action: "commit", id: source.id, attributes });
}
