import {
  EngineError,
  errorKind,
  type Filters,
  filterFlag,
  type ImageDeleteItem,
  type ImageId,
  type ImagePruneOptions,
  type ImagePruneReport,
  invalidArgument,
  matchesLabels,
  parseTimestamp,
  referenceString,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import { imageNames } from "./image-names.ts";
import { parseUntil } from "./list-images.ts";
import { previewPrune } from "./prune-preview.ts";
import { removeImage } from "./remove-image.ts";

/** Removes what nobody uses: images without a tag, or with `dangling=false` all. Filters: `label label! until`. */
export async function pruneImages(
  context: ImageContext,
  filters: Filters,
  { dryRun }: ImagePruneOptions = { dryRun: false },
): Promise<ImagePruneReport> {
  const danglingOnly = filterFlag(filters, "dangling", true);
  const candidates = pruneCandidates(context, filters, danglingOnly);
  if (dryRun) {
    const hasTag = ({ id }: ImageRecord) => imageNames(context.store.images, id).tags.length > 0;
    return previewPrune(
      context,
      candidates.filter((record) => !danglingOnly || !hasTag(record)),
    );
  }
  const sizes = new Map<string, number>(
    context.store.snapshots.layers().map(({ chainId, size }) => [chainId, size]),
  );
  const items: ImageDeleteItem[] = [];
  for (const { id } of candidates) items.push(...(await pruneOne(context, id, danglingOnly)));
  const SpaceReclaimed = items.reduce(
    (sum, item) => sum + ("Deleted" in item ? (sizes.get(item.Deleted) ?? 0) : 0),
    0,
  );
  const attributes = { reclaimed: String(SpaceReclaimed) };
  context.emit({ type: "image", action: "prune", id: "", attributes });
  return { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed };
}

function pruneCandidates(
  context: ImageContext,
  filters: Filters,
  danglingOnly: boolean,
): ImageRecord[] {
  const { images } = context.store;
  const until = filters["until"] ?? [];
  if (until.length > 1) throw invalidArgument("more than one until filter specified");
  const limit = until[0] === undefined ? undefined : parseUntil(until[0], context.clock.now());
  const unwanted = filters["label!"] ?? [];
  return images.list().filter((record) => {
    const hasChildren = images.children(record.id).length > 0;
    if (hasChildren && (danglingOnly || images.references(record.id).length === 0)) return false;
    if (limit !== undefined && parseTimestamp(record.created) > limit) return false;
    const labels = record.config.config?.Labels;
    if (!matchesLabels(filters["label"], labels)) return false;
    return unwanted.length === 0 || !matchesLabels(unwanted, labels);
  });
}

/** What is in use is left alone. */
async function pruneOne(
  context: ImageContext,
  id: ImageId,
  danglingOnly: boolean,
): Promise<ImageDeleteItem[]> {
  const { tags, digests } = imageNames(context.store.images, id);
  if (danglingOnly && tags.length > 0) return [];
  const names = [...tags, ...digests].map(referenceString);
  const items: ImageDeleteItem[] = [];
  for (const name of names.length === 0 ? [id] : names) {
    try {
      const options = { force: false, noPrune: false, platforms: [] };
      items.push(...(await removeImage(context, name, options)));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (!["conflict", "not-found"].includes(errorKind(error))) throw error;
    }
  }
  return items;
}
