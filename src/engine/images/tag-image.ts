import {
  familiarString,
  type ImageId,
  type ImageTagOptions,
  invalidArgument,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../../spec/index.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";

export async function tagImage(
  context: ImageContext,
  name: string,
  { repo, tag }: ImageTagOptions,
): Promise<void> {
  const target = parseTarget(repo, tag);
  tagAs(context, context.store.images.find(name).id, target);
}

/** A new name for an image, `repo[:tag]` with the tag apart or not. `invalid-argument` for a digest. */
export function parseTarget(repository: string, tag?: string): Reference {
  const reference = parseReference(tag ? `${repository}:${tag}` : repository);
  if (reference.digest !== undefined) {
    throw invalidArgument("refusing to create a tag with a digest reference");
  }
  if (reference.path === "library/sha256" && reference.domain === "docker.io") {
    throw invalidArgument("refusing to create an ambiguous tag using digest algorithm as name");
  }
  return withDefaultTag(reference);
}

/** Points the name at the image and tells of it. */
export function tagAs(context: ImageContext, id: ImageId, target: Reference): void {
  context.store.images.tag(target, id);
  emitImageEvent(context, "tag", { id, name: familiarString(target) });
}
