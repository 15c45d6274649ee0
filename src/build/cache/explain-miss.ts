import type { KeyParts } from "./step-cache.ts";

/** As many changes as are named one by one. */
const NAMED = 4;

/** Why a step is not cached, for people: what differs from the last time that it was done at this place. */
export function explainMiss(before: KeyParts | undefined, now: KeyParts): string {
  if (before === undefined) return "it has not been done before";
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  const changes: string[] = [];
  for (const name of names) {
    if (before[name] === now[name]) continue;
    if (before[name] === undefined) changes.push(`${name} is new`);
    else if (now[name] === undefined) changes.push(`${name} is gone`);
    else changes.push(`${name} has changed`);
  }
  if (changes.length === 0) return "its result has been pruned";
  // What stands below decides over everything else: say it alone.
  if (changes.includes("the step before has changed") && changes.length === 1) {
    return "the step before it was not cached";
  }
  const rest = changes.length - NAMED;
  const named = changes.slice(0, NAMED).join(", ");
  return rest > 0 ? `${named}, and ${rest} more` : named;
}
