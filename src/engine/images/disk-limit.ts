import { EngineError, referenceString } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import { imageNames } from "./image-names.ts";
import { removeImage } from "./remove-image.ts";
import { lastUse } from "./use-image.ts";

/** Bytes that images take: layers as they are unpacked, and blobs as they came. */
export function imageDiskUse({ store }: ImageContext): number {
  const layers = store.snapshots.layers().reduce((sum, { size }) => sum + size, 0);
  return store.content.list().reduce((sum, { size }) => sum + size, layers);
}

/**
 * Brings the disk use of images below the limit: what nothing refers to goes first, then images without a
 * tag, then the least recently used. Images that containers use, that others stand upon, that are locked,
 * or that came since `since` (milliseconds since the epoch) stay, even if the limit is missed for that.
 */
export async function keepDiskLimit(context: ImageContext, since: number): Promise<void> {
  const { diskLimit } = context;
  if (diskLimit === undefined || imageDiskUse(context) <= diskLimit) return;
  const before = imageDiskUse(context);
  await context.store.collectGarbage();
  const spared = new Set<string>();
  while (imageDiskUse(context) > diskLimit) {
    const victim = nextVictim(context, since, spared);
    if (victim === undefined) break;
    spared.add(victim.id);
    await evict(context, victim);
  }
  const attributes = {
    reclaimed: String(Math.max(0, before - imageDiskUse(context))),
    reason: "image-disk-limit",
  };
  context.emit({ type: "image", action: "prune", id: "", attributes });
}

function nextVictim(
  context: ImageContext,
  since: number,
  spared: ReadonlySet<string>,
): ImageRecord | undefined {
  const { images } = context.store;
  const rank = (record: ImageRecord): [number, number] => [
    imageNames(images, record.id).tags.length === 0 ? 0 : 1,
    lastUse(record),
  ];
  return images
    .list()
    .filter(
      (record) =>
        record.locked !== true &&
        !spared.has(record.id) &&
        lastUse(record) < since &&
        images.children(record.id).length === 0 &&
        context.containers.usersOf(record.id).length === 0,
    )
    .map((record) => ({ record, rank: rank(record) }))
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])[0]?.record;
}

/** A container may have been made of it meanwhile: that is a conflict, and the image stays. */
async function evict(context: ImageContext, { id }: ImageRecord): Promise<void> {
  const { tags, digests } = imageNames(context.store.images, id);
  const names = [...tags, ...digests].map(referenceString);
  const options = { force: false, noPrune: false, platforms: [] };
  for (const name of names.length === 0 ? [id] : names) {
    try {
      await removeImage(context, name, options);
    } catch (error) {
      // Gone with one of its other names, or in use.
      if (!(error instanceof EngineError)) throw error;
      if (error.kind !== "conflict" && error.kind !== "not-found") throw error;
    }
  }
}

/** Passes a stream of progress on and keeps the limit when it has come to its end. */
export async function* limited<T>(
  context: ImageContext,
  messages: AsyncIterable<T>,
): AsyncGenerator<T> {
  // To the second: names are tagged with a clock of their own.
  const since = context.clock.now() - 1000;
  yield* messages;
  await keepDiskLimit(context, since);
}
