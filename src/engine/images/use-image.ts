import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";

/** How exactly the last use is known: a container is made of an image more often than that. Milliseconds. */
const GRAIN = 60_000;

/** Remembers that a container is made of the image, for what removes the least recently used. */
export function markUsed(context: ImageContext, record: ImageRecord): void {
  const now = context.clock.now();
  const before = Date.parse(record.lastUsedTime ?? "");
  if (now - before < GRAIN) return;
  context.store.images.mark(record.id, { lastUsedTime: new Date(now).toISOString() });
}

/** When the image was last pulled, loaded, tagged, or made a container of. Milliseconds since the epoch. */
export function lastUse({ lastUsedTime, lastTagTime }: ImageRecord): number {
  const times = [lastUsedTime, lastTagTime].map((text) => Date.parse(text ?? ""));
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)));
}
