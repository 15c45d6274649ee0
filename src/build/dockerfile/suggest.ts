/** The option nearest to a word, where at most two letters differ; nothing where the word is an option. */
export function suggest(word: string, options: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let nearest: string | undefined;
  let least = 3;
  for (const option of options) {
    const candidate = option.toLowerCase();
    if (option === word) return undefined;
    const distance = editDistance(wanted, candidate, least);
    if (distance < least && distance < candidate.length) {
      nearest = option;
      least = distance;
    }
  }
  return nearest;
}

/** `did you mean X?`, for the hint of an error. */
export function didYouMean(word: string, options: Iterable<string>): string | undefined {
  const nearest = suggest(word, options);
  return nearest === undefined ? undefined : `did you mean ${nearest}?`;
}

/** Insertions, deletions and replacements from one to the other; `limit` where it is that or more. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = (above[column] ?? 0) + 1;
      const inserted = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, removed, inserted));
    }
    above = current;
  }
  return Math.min(limit, above[to.length] ?? limit);
}
