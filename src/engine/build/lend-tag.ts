import { parseReference } from "../../spec/index.ts";
import type { ImageRecord, Store } from "../../store/index.ts";

/** Gives an image a name for as long as something is done with it. */
export async function lendTag(
  store: Store,
  name: string,
  { id }: ImageRecord,
  use: () => Promise<void>,
): Promise<void> {
  const reference = parseReference(name);
  const before = store.images.resolve(reference);
  store.images.tag(reference, id);
  try {
    await use();
  } finally {
    if (before === undefined) store.images.untag(reference);
    else store.images.tag(reference, before.imageId, before.digest);
  }
}
