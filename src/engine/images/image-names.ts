import { familiarString, type ImageId, parseReference, type Reference } from "../../spec/index.ts";
import type { ImageStore } from "../../store/index.ts";

/** An image's references, parsed; tags and repository digests apart. In byte order. */
export interface ImageNames {
  readonly tags: readonly Reference[];
  readonly digests: readonly Reference[];
}

export function imageNames(images: ImageStore, id: ImageId): ImageNames {
  const references = images.references(id).map(({ reference }) => parseReference(reference));
  return {
    tags: references.filter((reference) => reference.digest === undefined),
    digests: references.filter((reference) => reference.digest !== undefined),
  };
}

export const familiarStrings = (references: readonly Reference[]): string[] =>
  references.map(familiarString);

/** Does the text name the image by its id, or by the first digits of it? */
export function isIdPrefix(id: ImageId, text: string): boolean {
  return text !== "" && (id.startsWith(text) || id.slice(id.indexOf(":") + 1).startsWith(text));
}
