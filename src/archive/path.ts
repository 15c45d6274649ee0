import type { ByteString } from "./byte-string.ts";
import { fromByteString } from "./byte-string.ts";
import { archiveError } from "./tar/entry.ts";

/** PATH_MAX of linux/limits.h, without the NUL. */
const MAX_PATH = 4095;

/**
 * A member's name as a path relative to the root: no leading `/`, no `.`, no `..`; empty for the root
 * itself. One that climbs out of the root is refused, as are names with a NUL.
 */
export function cleanPath(path: ByteString): ByteString {
  if (path.length > MAX_PATH) throw archiveError("a name is longer than 4095 bytes");
  if (path.includes("\0")) throw archiveError("a name holds a NUL");
  if (isClean(path)) return path;
  const parts: ByteString[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined && !path.startsWith("/")) {
      throw archiveError(`"${fromByteString(path)}" points outside of the root`);
    }
  }
  return parts.join("/");
}

/** The common case, without taking it apart. */
function isClean(path: ByteString): boolean {
  return (
    !path.startsWith("/") &&
    !path.endsWith("/") &&
    path !== "" &&
    path !== "." &&
    !path.startsWith("./") &&
    !path.includes("//") &&
    !path.includes("/./") &&
    !path.endsWith("/.") &&
    !path.includes("..")
  );
}

export function parentOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

export function baseOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A reused NUL-terminated buffer for system calls: one path at a time per buffer. */
export class PathBuffer {
  // More than 1000 bytes: the memory stays where it is.
  readonly #bytes = Buffer.from(new ArrayBuffer(MAX_PATH + 1));
  readonly #base: ByteString;

  /** Paths are relative to `base`, or to the working directory. */
  constructor(base: ByteString = "") {
    this.#base = base;
  }

  /** An empty path stands for the base. */
  of(path: ByteString): Uint8Array {
    const text = this.text(path);
    if (text.length > MAX_PATH) throw archiveError("a name is longer than 4095 bytes");
    this.#bytes[this.#bytes.write(text, 0, "latin1")] = 0;
    return this.#bytes;
  }

  text(path: ByteString): ByteString {
    if (this.#base === "") return path === "" ? "." : path;
    return path === "" ? this.#base : `${this.#base}/${path}`;
  }
}
