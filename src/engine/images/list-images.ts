import {
  type ChainId,
  type Filters,
  familiarName,
  familiarString,
  filterFlag,
  type ImageListOptions,
  type ImageSummary,
  invalidArgument,
  matchesLabels,
  parseTimestamp,
  type Reference,
  referenceString,
  repositoryName,
} from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import { familiarStrings, imageNames } from "./image-names.ts";
import { matchPattern } from "./match-pattern.ts";

/** Images, newest first. Filters: `before dangling label reference since until`. */
export async function listImages(
  context: ImageContext,
  options: ImageListOptions,
): Promise<ImageSummary[]> {
  const { filters } = options;
  const { images } = context.store;
  const window = creationWindow(context, filters);
  const listed: { record: ImageRecord; summary: ImageSummary }[] = [];
  for (const record of images.list()) {
    const created = parseTimestamp(record.created);
    if (window.before.some((limit) => created >= limit)) continue;
    if (window.since.some((limit) => created <= limit)) continue;
    if (!matchesLabels(filters["label"], record.config.config?.Labels)) continue;
    const summary = summarise(context, record, filters);
    if (isListed(context, record, summary, options)) listed.push({ record, summary });
  }
  if (options.sharedSize) fillSharedSizes(context, listed);
  return listed.sort((a, b) => b.summary.Created - a.summary.Created).map(({ summary }) => summary);
}

/** Images are listed that were created before all of the one and after all of the other. Nanoseconds. */
function creationWindow(
  context: ImageContext,
  filters: Filters,
): { before: readonly bigint[]; since: readonly bigint[] } {
  const createdOf = (name: string) => parseTimestamp(context.store.images.find(name).created);
  const now = context.clock.now();
  const until = (filters["until"] ?? []).map((value) => parseUntil(value, now));
  return {
    before: [...(filters["before"] ?? []).map(createdOf), ...until],
    since: (filters["since"] ?? []).map(createdOf),
  };
}

export function parseUntil(value: string, now: number): bigint {
  try {
    return parseTimestamp(value, now);
  } catch (error) {
    throw invalidArgument(`invalid value for 'until' filter: ${(error as Error).message}`, error);
  }
}

function summarise(context: ImageContext, record: ImageRecord, filters: Filters): ImageSummary {
  const names = imageNames(context.store.images, record.id);
  const patterns = filters["reference"] ?? [];
  const wanted = (reference: Reference) =>
    patterns.length === 0 || patterns.some((pattern) => matchesReference(pattern, reference));
  return {
    Id: record.id,
    ParentId: record.parent ?? "",
    RepoTags: familiarStrings(names.tags.filter(wanted)),
    RepoDigests: familiarStrings(names.digests.filter(wanted)),
    Created: Number(parseTimestamp(record.created) / 1_000_000_000n),
    Size: record.size,
    SharedSize: -1,
    Labels: record.config.config?.Labels ?? null,
    Containers: context.containers.usersOf(record.id).length,
  };
}

function matchesReference(pattern: string, reference: Reference): boolean {
  return [
    familiarString(reference),
    familiarName(reference),
    referenceString(reference),
    repositoryName(reference),
  ].some((name) => matchPattern(pattern, name));
}

/** Which of the images that pass the filters are worth a line: Docker hides what only others build upon. */
function isListed(
  context: ImageContext,
  record: ImageRecord,
  summary: ImageSummary,
  { all, filters }: ImageListOptions,
): boolean {
  const dangling =
    filters["dangling"] === undefined ? undefined : filterFlag(filters, "dangling", false);
  const hasChildren = context.store.images.children(record.id).length > 0;
  if (dangling === true && hasChildren) return false;
  if (summary.RepoTags.length > 0) return dangling !== true;
  if (summary.RepoDigests.length > 0) return true;
  if (dangling === false || (filters["reference"] ?? []).length > 0) return false;
  return all || !hasChildren;
}

function fillSharedSizes(
  context: ImageContext,
  listed: readonly { record: ImageRecord; summary: ImageSummary }[],
): void {
  const users = new Map<ChainId, number>();
  for (const { layers } of context.store.images.list()) {
    for (const { chainId } of layers) users.set(chainId, (users.get(chainId) ?? 0) + 1);
  }
  for (const { record, summary } of listed) {
    const shared = record.layers.filter(({ chainId }) => (users.get(chainId) ?? 0) > 1);
    summary.SharedSize = shared.reduce(
      (sum, { chainId }) => sum + (context.store.snapshots.layer(chainId)?.size ?? 0),
      0,
    );
  }
}
