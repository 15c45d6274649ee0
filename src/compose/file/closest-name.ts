import { editDistance } from "../../cli/help/edit-distance.ts";

/** The known name that was most likely meant, or undefined if none is near (Damerau–Levenshtein). */
export function closestName(given: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

export const didYouMean = (given: string, known: Iterable<string>): string => {
  const name = closestName(given, known);
  return name === undefined ? "" : `: did you mean "${name}"?`;
};
