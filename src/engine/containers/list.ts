import {
  type ContainerListOptions,
  type ContainerSummary,
  EngineError,
  type ImageId,
  parseReference,
  withDefaultTag,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { toSummary } from "./container-view.ts";
import { listFilter } from "./list-filters.ts";

/** `ps`: newest first; those that run, unless asked otherwise. */
export async function listContainers(
  context: EngineContext,
  options: ContainerListOptions,
): Promise<ContainerSummary[]> {
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : undefined;
  const all = options.all || limit !== undefined || (options.filters["status"]?.length ?? 0) > 0;
  const passes = listFilter(options.filters, {
    find: (ref) => context.containers.get(ref),
    descendsFrom: ancestry(context),
  });
  const shown = context.containers
    .newestFirst()
    .filter((container) => (all || container.running) && passes(container))
    .slice(0, limit);
  const now = context.clock.now();
  const names = new Map<string, string>();
  return Promise.all(
    shown.map(async (container) => ({
      ...toSummary(container, imageName(context, container, names), now),
      ...(options.size ? await containerSizes(context, container) : {}),
    })),
  );
}

/** Bytes that the container has written, and those together with its image. */
export async function containerSizes(
  context: EngineContext,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const written = await context.store.snapshots.writableSize(container.id);
  const { imageId } = container.record;
  const image = imageId === "" ? undefined : context.store.images.get(imageId);
  return { SizeRw: written, SizeRootFs: written + (image?.size ?? 0) };
}

/** What the user asked for; the image's id where that name means another image by now. */
function imageName(
  context: EngineContext,
  container: Container,
  known: Map<string, string>,
): string {
  const { config, imageId } = container.record;
  let current = known.get(config.Image);
  if (current === undefined) {
    current = resolveName(context, config.Image);
    known.set(config.Image, current);
  }
  return current === "" || current === imageId ? config.Image : imageId;
}

function resolveName(context: EngineContext, name: string): string {
  try {
    const reference = withDefaultTag(parseReference(name));
    return context.store.images.resolve(reference)?.imageId ?? "";
  } catch {
    // An id, or a prefix of one: it cannot come to mean another image.
    return "";
  }
}

function ancestry(context: EngineContext): (container: Container, image: string) => boolean {
  const families = new Map<string, Set<string>>();
  return (container, image) => {
    let family = families.get(image);
    if (family === undefined) {
      family = familyOf(context, image);
      families.set(image, family);
    }
    return family.has(container.record.imageId);
  };
}

function familyOf(context: EngineContext, image: string): Set<string> {
  const family = new Set<string>();
  const add = (id: ImageId) => {
    if (family.has(id)) return;
    family.add(id);
    context.store.images.children(id).forEach(add);
  };
  try {
    add(context.store.images.find(image).id);
  } catch (error) {
    // Nothing descends from an image that is not there.
    if (!(error instanceof EngineError)) throw error;
  }
  return family;
}
