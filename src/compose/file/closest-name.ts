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

function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line++) {
    const next = [line];
    for (let column = 1; column <= b.length; column++) {
      const same = a[line - 1] === b[column - 1];
      const change = Math.min(
        (row[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (row[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        line > 1 && column > 1 && a[line - 1] === b[column - 2] && a[line - 2] === b[column - 1];
      next.push(swapped ? Math.min(change, (before[column - 2] ?? 0) + 1) : change);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
