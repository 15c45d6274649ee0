import { posix } from "node:path";

/** As Go's `path.Clean`: no `//`, no `.`, `..` taken back, no `/` at the end but of the root; `.` for nothing. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 ? clean.replace(/\/$/, "") : clean;
}
