/**
 * What a rotation of `base`, `base.1`, `base.2.gz` … does, in the order in which it must be done: each file
 * gets the next number, and those that would be the `keep`-th or later go.
 */
export function rotateTo(
  files: readonly string[],
  base: string,
  keep: number,
): { from: string; to: string | undefined }[] {
  return files.map((from) => {
    const [, digits, compressed = ""] = /^\.(\d+)(\.gz)?$/.exec(from.slice(base.length)) ?? [];
    const next = digits === undefined ? 1 : Number(digits) + 1;
    return { from, to: next < keep ? `${base}.${next}${compressed}` : undefined };
  });
}
