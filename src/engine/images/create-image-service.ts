import {
  defaultRegistryConfig,
  HttpTransport,
  type RegistryConfig,
} from "../../distribution/index.ts";
import { hostPlatform } from "../../spec/index.ts";
import type { Store } from "../../store/index.ts";
import { type Clock, systemClock } from "../clock.ts";
import { commitContainer } from "./commit-container.ts";
import { keepDiskLimit, limited } from "./disk-limit.ts";
import { exportContainer } from "./export-container.ts";
import { findImage } from "./find-image.ts";
import type { ImageContext } from "./image-context.ts";
import { imageHistory } from "./image-history.ts";
import type { EmitImageEvent, ImageContainers, ImageService } from "./image-service.ts";
import { importImage } from "./import-image.ts";
import { inspectDistribution } from "./inspect-distribution.ts";
import { inspectImage } from "./inspect-image.ts";
import { listImages } from "./list-images.ts";
import { loadImages } from "./load-images.ts";
import { lockImage } from "./lock-image.ts";
import { logIn } from "./log-in.ts";
import { pruneImages } from "./prune-images.ts";
import { pullImage } from "./pull-image.ts";
import { pushImage } from "./push-image.ts";
import { removeImage } from "./remove-image.ts";
import { saveImages } from "./save-images.ts";
import { searchImages } from "./search-images.ts";
import { Slots } from "./slots.ts";
import { tagImage } from "./tag-image.ts";
import { imageBlobs, missingBlobs } from "./transfer-images.ts";
import { markUsed } from "./use-image.ts";

export interface ImageServiceOptions {
  readonly store: Store;
  readonly containers: ImageContainers;
  readonly emit: EmitImageEvent;
  /** What differs from the defaults. */
  readonly registry?: Partial<RegistryConfig>;
  readonly clock?: Clock;
  /** `--max-concurrent-downloads`; 3. */
  readonly concurrentDownloads?: number;
  readonly transport?: HttpTransport;
  /** `--image-disk-limit`: bytes that images may take; undefined for as much as there is. */
  readonly diskLimit?: number | undefined;
}

/** The image verbs over one store. */
export function createImageService(options: ImageServiceOptions): ImageService {
  const context: ImageContext = {
    store: options.store,
    containers: options.containers,
    emit: options.emit,
    registry: { ...defaultRegistryConfig, ...options.registry },
    transport: options.transport ?? new HttpTransport(),
    clock: options.clock ?? systemClock(),
    host: hostPlatform(),
    downloads: new Slots(options.concurrentDownloads ?? 3),
    diskLimit: options.diskLimit,
  };
  return {
    pull: (request, signal) => limited(context, pullImage(context, request, signal)),
    push: (name, request, signal) => pushImage(context, name, request, signal),
    list: (request) => listImages(context, request),
    inspect: (name, request) => inspectImage(context, name, request),
    history: (name, request) => imageHistory(context, name, request),
    tag: (name, target) => tagImage(context, name, target),
    remove: (name, request) => removeImage(context, name, request),
    prune: (filters, request) => pruneImages(context, filters, request),
    lock: (name, locked) => lockImage(context, name, locked),
    load: (body, request, signal) => limited(context, loadImages(context, body, request, signal)),
    save: (names, request) => saveImages(context, names, request),
    import: (request, body, signal) =>
      limited(context, importImage(context, request, body, signal)),
    exportContainer: (id, signal) => exportContainer(context, id, signal),
    commit: async (request) => {
      const since = context.clock.now() - 1000;
      const committed = await commitContainer(context, request);
      await keepDiskLimit(context, since);
      return committed;
    },
    search: (request) => searchImages(context, request),
    inspectDistribution: (name, auth, signal) => inspectDistribution(context, name, auth, signal),
    blobs: async (name) => imageBlobs(context, name),
    missing: async (blobs) => missingBlobs(context, blobs),
    logIn: (auth) => logIn(context, auth),
    resolve: (name, platform) => {
      const record = findImage(context, name, platform);
      markUsed(context, record);
      return { id: record.id, config: record.config };
    },
  };
}
