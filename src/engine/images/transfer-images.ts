import { type BlobList, isDigest } from "../../spec/index.ts";
import { findImage } from "./find-image.ts";
import type { ImageContext } from "./image-context.ts";
import { blobsOf } from "./save-images.ts";

/** Every blob of an image, by digest: what another engine needs to have it too. `not-found`. */
export function imageBlobs(context: ImageContext, name: string): BlobList {
  const record = findImage(context, name);
  return { digests: blobsOf(context.store.content, record).map(({ digest }) => digest) };
}

/** Which of these blobs are not here. What is no digest is missing. */
export function missingBlobs({ store }: ImageContext, { digests }: BlobList): BlobList {
  const isHere = (text: string) => isDigest(text) && store.content.stat(text) !== undefined;
  return { digests: digests.filter((digest) => !isHere(digest)) };
}
