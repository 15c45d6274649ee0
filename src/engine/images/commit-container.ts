import {
  type ContainerConfig,
  familiarString,
  type ImageCommitOptions,
  type ImageRunConfig,
  notFound,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { mergeRunConfig } from "../containers/run-config.ts";
import { applyChanges } from "./change-instructions.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import type { CommitSource } from "./image-service.ts";
import { childConfig, createImage, parentBlobs } from "./new-image.ts";
import { stageBlob, storeBlob } from "./store-layer.ts";
import { parseTarget, tagAs } from "./tag-image.ts";

/** A tar without members. */
const EMPTY_TAR = 1024;

/** Makes an image of a container's changes on top of the image that it was made from. */
export async function commitContainer(
  context: ImageContext,
  options: ImageCommitOptions,
): Promise<{ Id: string }> {
  const source = context.containers.commitSource(options.container);
  const target = options.repo ? parseTarget(options.repo, options.tag) : undefined;
  const config = commitConfig(source, options);
  const parent = context.store.images.get(source.imageId);
  if (parent === undefined) throw notFound(`No such image: ${source.imageId}`);
  const { store } = context;
  const read = () => storeBlob(store, store.snapshots.diffTar(source.id));
  const changes = options.pause
    ? await context.containers.whilePaused(source.id, read)
    : await read();
  using layer = await stageBlob(store, changes);
  const { blob, staged } = layer;
  const changed = blob.size > EMPTY_TAR;
  const image = await createImage(context, {
    config: childConfig(context, parent.config, {
      config,
      platform: parent.config,
      ...(changed ? { diffId: staged.diffId } : {}),
      author: options.author,
      history: commitHistory(source, options),
    }),
    blobs: [...parentBlobs(parent.layers), ...(changed ? [blob] : [])],
    staged: changed ? staged : undefined,
    parent: parent.id,
  });
  emitImageEvent(context, "create", { id: image.id, name: image.id });
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
