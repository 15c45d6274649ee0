import {
  conflict,
  type EngineError,
  familiarString,
  type ImageDeleteItem,
  type ImageId,
  type ImageRemoveOptions,
  invalidArgument,
  parseReference,
  type Reference,
  repositoryName,
  shortId,
  withDefaultTag,
} from "../../spec/index.ts";
import { findImage } from "./find-image.ts";
import { emitImageEvent, type ImageContext } from "./image-context.ts";
import { imageNames, isIdPrefix } from "./image-names.ts";

interface Removal {
  readonly context: ImageContext;
  readonly force: boolean;
  readonly prune: boolean;
  readonly items: ImageDeleteItem[];
}

/**
 * Docker's rules: a name is taken away, and with the last one the image; an id takes the image with its
 * names, if they are of one repository. Containers and images upon it are in the way (`conflict`).
 */
export async function removeImage(
  context: ImageContext,
  name: string,
  { force, noPrune, platforms }: ImageRemoveOptions,
): Promise<ImageDeleteItem[]> {
  if (platforms.length > 1) throw invalidArgument("multiple platforms are not supported");
  const { id, locked } = findImage(context, name, platforms[0]);
  if (locked === true) throw lockedConflict(id);
  const removal: Removal = { context, force, prune: !noPrune, items: [] };
  const byId = isIdPrefix(id, name);
  if (byId) untagById(removal, id);
  else if (!untagByName(removal, id, name)) return removal.items;
  deleteImage(removal, id, { force, quiet: !byId });
  return removal.items;
}

/** `berth image lock` guards the image with all of its names; no force opens it. */
function lockedConflict(id: ImageId): EngineError {
  return conflict(
    `conflict: unable to delete ${shortId(id)} (cannot be forced) - image is locked against deletion, unlock it with: berth image unlock ${shortId(id)}`,
  );
}

/** False: other names are left, so the image stays. */
function untagByName({ context, force, items }: Removal, id: ImageId, name: string): boolean {
  const { images } = context.store;
  const [user] = context.containers.usersOf(id);
  if (!force && user !== undefined && isSingleReference(context, id)) {
    throw conflict(
      `conflict: unable to remove repository reference "${name}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(id)}`,
    );
  }
  const reference = storedForm(withDefaultTag(parseReference(name)));
  images.untag(reference);
  emitImageEvent(context, "untag", { id, name: id });
  items.push({ Untagged: familiarString(reference) });
  const { tags, digests } = imageNames(images, id);
  const sameRepository = (other: Reference) => repositoryName(other) === repositoryName(reference);
  if (reference.digest === undefined && !tags.some(sameRepository)) {
    for (const digest of digests.filter(sameRepository)) {
      images.untag(digest);
      items.push({ Untagged: familiarString(digest) });
    }
  }
  return images.references(id).length === 0;
}

/** `name:tag@digest` is stored, and therefore removed, as `name@digest`. */
function storedForm({ domain, path, tag, digest }: Reference): Reference {
  if (digest !== undefined) return { domain, path, digest };
  return { domain, path, ...(tag === undefined ? {} : { tag }) };
}

function untagById(removal: Removal, id: ImageId): void {
  const { context, force } = removal;
  if (!isSingleReference(context, id)) return;
  const inTheWay = findConflict(context, id, { stopped: !force, references: false });
  if (inTheWay !== undefined) throw conflict(inTheWay.message);
  untagAll(removal, id);
}

function untagAll({ context, items }: Removal, id: ImageId): void {
  const { tags, digests } = imageNames(context.store.images, id);
  for (const reference of [...tags, ...digests]) {
    context.store.images.untag(reference);
    emitImageEvent(context, "untag", { id, name: id });
    items.push({ Untagged: familiarString(reference) });
  }
}

/** One tag at most, and all names of one repository. */
function isSingleReference(context: ImageContext, id: ImageId): boolean {
  const { tags, digests } = imageNames(context.store.images, id);
  const repositories = new Set([...tags, ...digests].map(repositoryName));
  return tags.length <= 1 && repositories.size === 1;
}

function deleteImage(
  removal: Removal,
  id: ImageId,
  { force, quiet }: { force: boolean; quiet: boolean },
): void {
  const { context, items, prune } = removal;
  const { images } = context.store;
  const inTheWay = findConflict(context, id, { stopped: !force, references: !force });
  if (inTheWay !== undefined) {
    // A quiet removal still tells of an image that is left without a name and without a use.
    const dangling = imageNames(images, id).tags.length === 0;
    if (quiet && (!dangling || inTheWay.used)) return;
    throw conflict(inTheWay.message);
  }
  const record = images.get(id);
  untagAll(removal, id);
  const { layers } = images.remove(id);
  // Without the labels, which have gone with the image.
  emitImageEvent(context, "delete", { id, name: id });
  items.push({ Deleted: id }, ...layers.map((layer) => ({ Deleted: layer })));
  const parent = record?.parent;
  if (!prune || parent === undefined) return;
  const below = images.get(parent);
  if (below === undefined || below.locked === true) return;
  deleteImage(removal, parent, { force: false, quiet: true });
}

interface Conflict {
  readonly message: string;
  /** By a container. */
  readonly used: boolean;
}

/** What stands against the removal; images upon it and running containers always do. */
function findConflict(
  context: ImageContext,
  id: ImageId,
  soft: { stopped: boolean; references: boolean },
): Conflict | undefined {
  const users = context.containers.usersOf(id);
  const running = users.find((user) => user.running);
  const stopped = users.find((user) => !user.running);
  const because = (why: string, forced: "cannot" | "must", used: boolean): Conflict => ({
    message: `conflict: unable to delete ${shortId(id)} (${forced} be forced) - ${why}`,
    used,
  });
  if (context.store.images.children(id).length > 0) {
    return because("image has dependent child images", "cannot", false);
  }
  if (running !== undefined) {
    const why = `image is being used by running container ${shortId(running.id)}`;
    return because(why, "cannot", true);
  }
  if (soft.references && context.store.images.references(id).length > 0) {
    return because("image is referenced in multiple repositories", "must", false);
  }
  if (soft.stopped && stopped !== undefined) {
    const why = `image is being used by stopped container ${shortId(stopped.id)}`;
    return because(why, "must", true);
  }
  return undefined;
}
