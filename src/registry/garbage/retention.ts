import type { Digest } from "../../spec/index.ts";
import type { Manifests } from "../content/manifests.ts";
import { referencesOf } from "../content/stored-manifest.ts";
import type { Tag, Tags } from "../content/tags.ts";
import { matchesPattern } from "../names.ts";

/**
 * Which tags go. A tag goes if the rule's patterns match and everything that the rule states says so:
 * with `keepLast` and `olderThan` only what is both beyond the last n and old.
 */
export interface RetentionRule {
  /** Globs. */
  readonly repositories: readonly string[];
  /** Globs of tags. */
  readonly tags: readonly string[];
  /** Globs of tags that the rule never removes. */
  readonly except: readonly string[];
  /** The most recently set ones that match stay. */
  readonly keepLast?: number;
  /** Milliseconds since the tag was set. */
  readonly olderThan?: number;
  /** Also manifests that no tag, index or subject leads to. */
  readonly untagged: boolean;
}

interface Shelves {
  readonly manifests: Manifests;
  readonly tags: Tags;
}

export async function applyRetention(
  repository: string,
  rules: readonly RetentionRule[],
  shelves: Shelves,
  now: number,
  cutoff: number,
): Promise<{ tags: number; manifests: number }> {
  const own = rules.filter((rule) =>
    rule.repositories.some((pattern) => matchesPattern(pattern, repository)),
  );
  const total = { tags: 0, manifests: 0 };
  if (own.length === 0) return total;
  const tags = await Array.fromAsync(shelves.tags.all(repository));
  const leaving = new Set(own.flatMap((rule) => tagsToRemove(tags, rule, now)));
  for (const tag of leaving) {
    if (await shelves.tags.removeUntouched(repository, tag)) total.tags += 1;
  }
  if (own.some(({ untagged }) => untagged)) {
    total.manifests = await removeUntagged(repository, shelves, cutoff);
  }
  return total;
}

/** The tags that a rule removes, of all that a repository has. */
export function tagsToRemove(tags: readonly Tag[], rule: RetentionRule, now: number): Tag[] {
  const { keepLast, olderThan } = rule;
  if (keepLast === undefined && olderThan === undefined) return [];
  return tags
    .filter(
      ({ name }) =>
        rule.tags.some((pattern) => matchesPattern(pattern, name)) &&
        !rule.except.some((pattern) => matchesPattern(pattern, name)),
    )
    .toSorted((a, b) => b.setAt - a.setAt)
    .slice(keepLast ?? 0)
    .filter(({ setAt }) => olderThan === undefined || setAt < now - olderThan);
}

async function removeUntagged(
  repository: string,
  { manifests, tags }: Shelves,
  cutoff: number,
): Promise<number> {
  const reachable = new Set<Digest>();
  for await (const { digest } of tags.all(repository)) reachable.add(digest);
  const all = await Array.fromAsync(manifests.digests(repository));
  let grown = true;
  // Indexes lead to their entries, manifests to those that have them for a subject, and so on.
  while (grown) {
    grown = false;
    for (const digest of all) {
      const manifest = await manifests.get(repository, digest);
      if (manifest === undefined) continue;
      const young = manifest.pushedAt >= cutoff;
      const wanted =
        reachable.has(digest) ||
        young ||
        (manifest.subject !== undefined && reachable.has(manifest.subject));
      if (!wanted) continue;
      for (const next of [digest, ...referencesOf(manifest)]) {
        if (reachable.has(next)) continue;
        reachable.add(next);
        grown = true;
      }
    }
  }
  let removed = 0;
  for (const digest of all) {
    if (!reachable.has(digest) && (await manifests.removeUntouched(repository, digest, cutoff))) {
      removed += 1;
    }
  }
  return removed;
}
