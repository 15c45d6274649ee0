import { EngineError, type ImageHistoryItem, parseTimestamp } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { NEVER } from "../clock.ts";
import { findImage } from "./find-image.ts";
import type { ImageContext } from "./image-context.ts";
import { familiarStrings, imageNames } from "./image-names.ts";

/** How the image came to be, newest step first. */
export async function imageHistory(
  context: ImageContext,
  name: string,
  options: { platform?: string } = {},
): Promise<ImageHistoryItem[]> {
  const record = findImage(context, name, options.platform);
  const items = historyItems(context, record);
  nameAncestors(context, record, items);
  return items;
}

function historyItems(context: ImageContext, record: ImageRecord): ImageHistoryItem[] {
  let layer = 0;
  const items = (record.config.history ?? []).map((entry) => {
    let size = 0;
    if (!entry.empty_layer) {
      const chainId = record.layers[layer++]?.chainId;
      if (chainId === undefined) {
        throw new EngineError("internal", "too many non-empty layers in History section");
      }
      size = context.store.snapshots.layer(chainId)?.size ?? 0;
    }
    return {
      Id: "<missing>",
      Created: Number(parseTimestamp(entry.created ?? NEVER) / 1_000_000_000n),
      CreatedBy: entry.created_by ?? "",
      Tags: null,
      Size: size,
      Comment: entry.comment ?? "",
    };
  });
  return items.reverse();
}

/** The first item is the image itself; those below it are its parents, as far as they are here. */
function nameAncestors(
  context: ImageContext,
  record: ImageRecord,
  items: readonly ImageHistoryItem[],
): void {
  let image: ImageRecord | undefined = record;
  for (const item of items) {
    if (image === undefined) return;
    item.Id = image.id;
    const tags = familiarStrings(imageNames(context.store.images, image.id).tags);
    item.Tags = tags.length === 0 ? null : tags;
    image = image.parent === undefined ? undefined : context.store.images.get(image.parent);
  }
}
