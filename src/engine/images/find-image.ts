import {
  notFound,
  type Platform,
  parsePlatform,
  platformDistance,
  platformString,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";

/**
 * By reference, id or id prefix. `not-found`: `No such image: x`; so is one that is there, but for another
 * platform than the one asked for: clients then pull.
 */
export function findImage(
  context: ImageContext,
  name: string,
  platform?: Platform | string,
): ImageRecord {
  const record = context.store.images.find(name);
  if (platform === undefined || platform === "") return record;
  const wanted = typeof platform === "string" ? parsePlatform(platform, context.host) : platform;
  if (platformDistance(wanted, record.config) === undefined) {
    throw notFound(
      `image with reference ${name} was found but its platform (${platformString(record.config)}) does not match the specified platform (${platformString(wanted)})`,
    );
  }
  return record;
}
