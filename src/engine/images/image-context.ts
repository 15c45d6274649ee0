import type { HttpTransport, RegistryConfig } from "../../distribution/index.ts";
import type { ImageId, Platform } from "../../spec/index.ts";
import type { Store } from "../../store/index.ts";
import type { Clock } from "../clock.ts";
import type { EmitImageEvent, ImageContainers } from "./image-service.ts";
import type { Slots } from "./slots.ts";

/** What every image verb works with. */
export interface ImageContext {
  readonly store: Store;
  readonly registry: RegistryConfig;
  readonly transport: HttpTransport;
  readonly containers: ImageContainers;
  readonly emit: EmitImageEvent;
  readonly clock: Clock;
  /** The platform that images are chosen for where nobody says. */
  readonly host: Platform;
  /** Layers that are downloaded at once, over all pulls. */
  readonly downloads: Slots;
  /** `--image-disk-limit`: what images may take, bytes. */
  readonly diskLimit: number | undefined;
}

/** Tells of an image in Docker's form: its name or id, and its labels. */
export function emitImageEvent(
  context: ImageContext,
  action: string,
  image: { id: string; name: string; imageId?: ImageId },
): void {
  const record = context.store.images.get(image.imageId ?? (image.id as ImageId));
  const attributes = { ...record?.config.config?.Labels, name: image.name };
  context.emit({ type: "image", action, id: image.id, attributes });
}
