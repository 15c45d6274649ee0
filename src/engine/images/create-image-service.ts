import {
  defaultRegistryConfig,
  HttpTransport,
  type RegistryConfig,
} from "../../distribution/index.ts";
import { hostPlatform } from "../../spec/index.ts";
import type { Store } from "../../store/index.ts";
import { type Clock, systemClock } from "../clock.ts";
import { commitContainer } from "./commit-container.ts";
import { exportContainer } from "./export-container.ts";
import { findImage } from "./find-image.ts";
import type { ImageContext } from "./image-context.ts";
import { imageHistory } from "./image-history.ts";
import type { EmitImageEvent, ImageContainers, ImageService } from "./image-service.ts";
import { importImage } from "./import-image.ts";
import { inspectImage } from "./inspect-image.ts";
import { listImages } from "./list-images.ts";
import { loadImages } from "./load-images.ts";
import { logIn } from "./log-in.ts";
import { pruneImages } from "./prune-images.ts";
import { pullImage } from "./pull-image.ts";
import { pushImage } from "./push-image.ts";
import { removeImage } from "./remove-image.ts";
import { saveImages } from "./save-images.ts";
import { searchImages } from "./search-images.ts";
import { Slots } from "./slots.ts";
import { tagImage } from "./tag-image.ts";

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
  };
  return {
    pull: (request, signal) => pullImage(context, request, signal),
    push: (name, request, signal) => pushImage(context, name, request, signal),
    list: (request) => listImages(context, request),
    inspect: (name, request) => inspectImage(context, name, request),
    history: (name, request) => imageHistory(context, name, request),
    tag: (name, target) => tagImage(context, name, target),
    remove: (name, request) => removeImage(context, name, request),
    prune: (filters) => pruneImages(context, filters),
    load: (body, request, signal) => loadImages(context, body, request, signal),
    save: (names, request) => saveImages(context, names, request),
    import: (request, body, signal) => importImage(context, request, body, signal),
    exportContainer: (id, signal) => exportContainer(context, id, signal),
    commit: (request) => commitContainer(context, request),
    search: (request) => searchImages(context, request),
    logIn: (auth) => logIn(context, auth),
    resolve: (name, platform) => {
      const { id, config } = findImage(context, name, platform);
      return { id, config };
    },
  };
}
