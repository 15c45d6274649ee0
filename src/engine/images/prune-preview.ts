import {
  type ChainId,
  familiarString,
  type ImageDeleteItem,
  type ImageId,
  type ImagePruneReport,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import { imageNames } from "./image-names.ts";

/** What a prune of these images would remove, in its order and words. Nothing is changed. */
export function previewPrune(
  context: ImageContext,
  candidates: readonly ImageRecord[],
): ImagePruneReport {
  const left = new Map(context.store.images.list().map((record) => [record.id, record]));
  const items: ImageDeleteItem[] = [];
  let SpaceReclaimed = 0;
  const take = (record: ImageRecord) => {
    left.delete(record.id);
    const { tags, digests } = imageNames(context.store.images, record.id);
    items.push(...[...tags, ...digests].map((name) => ({ Untagged: familiarString(name) })));
    const layers = freedLayers(record, left);
    items.push({ Deleted: record.id }, ...layers.map((layer) => ({ Deleted: layer })));
    for (const layer of layers) SpaceReclaimed += context.store.snapshots.layer(layer)?.size ?? 0;
  };
  for (const candidate of candidates) {
    let next = left.get(candidate.id);
    while (next !== undefined && isFree(context, next, left)) {
      take(next);
      const below: ImageRecord | undefined =
        next.parent === undefined ? undefined : left.get(next.parent);
      // Parents go along where nothing names them.
      next = below !== undefined && isNameless(context, below.id) ? below : undefined;
    }
  }
  return { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed };
}

const isNameless = ({ store }: ImageContext, id: ImageId): boolean =>
  store.images.references(id).length === 0;

function isFree(
  context: ImageContext,
  { id, locked }: ImageRecord,
  left: ReadonlyMap<ImageId, ImageRecord>,
): boolean {
  if (locked === true || context.containers.usersOf(id).length > 0) return false;
  return !context.store.images.children(id).some((child) => left.has(child));
}

/** Highest first, as a removal tells of them. */
function freedLayers(record: ImageRecord, left: ReadonlyMap<ImageId, ImageRecord>): ChainId[] {
  const used = new Set([...left.values()].flatMap(({ layers }) => layers.map((l) => l.chainId)));
  return record.layers
    .map(({ chainId }) => chainId)
    .reverse()
    .filter((chainId) => !used.has(chainId));
}
