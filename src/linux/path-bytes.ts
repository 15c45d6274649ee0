import { cString } from "./libc.ts";

/**
 * A path for a system call: text (UTF-8), or bytes that end in NUL already, for names that are no UTF-8
 * and for callers that reuse one buffer.
 */
export type PathBytes = string | Uint8Array;

export function toPathBytes(path: PathBytes): Uint8Array {
  return typeof path === "string" ? cString(path) : path;
}

/** For error messages. */
export function pathText(path: PathBytes): string {
  if (typeof path === "string") return path;
  const end = path.indexOf(0);
  return Buffer.from(path.buffer, path.byteOffset, end < 0 ? path.length : end).toString();
}
