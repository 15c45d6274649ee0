import { findImage } from "./find-image.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";

/** Guards an image against removal, by whomever, or lifts the guard. Idempotent. `not-found`. */
export async function lockImage(
  context: ImageContext,
  name: string,
  locked: boolean,
): Promise<void> {
  const { id, locked: before = false } = findImage(context, name);
  if (before === locked) return;
  context.store.images.mark(id, { locked });
  emitImageEvent(context, locked ? "lock" : "unlock", { id, name });
}
