import { editDistance } from "./edit-distance.ts";

/** The word of a list that was probably meant: at most two letters away, and not another word altogether. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  const most = Math.min(2, Math.floor(word.length / 2));
  const rated = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance);
  return rated[0]?.candidate;
}
