import { invalidArgument } from "../../spec/index.ts";

/** A file, directory or link of a tree, itself and not what it points to. */
export interface TreeEntry {
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Permission bits, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly modified: { readonly seconds: number; readonly nanoseconds: number };
  /** Of symlinks. */
  readonly target: string;
}

/**
 * Files that steps copy from; nobody changes them meanwhile. Paths are relative and clean, the root is `""`,
 * and no directory on the way is a symlink: `resolveInTree` makes such paths.
 */
export interface SourceTree {
  stat(path: string): TreeEntry | undefined;
  /** Names in a directory, in byte order. */
  list(path: string): readonly string[];
  /** sha256 of a file's content, hex. */
  digest(path: string): Promise<string>;
  /** Where on the host the file's content is, to be opened without following a link. */
  location(path: string): string;
  /** Extended attributes are taken along. */
  readonly hasXattrs: boolean;
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * The path behind every symlink on the way, and behind the last name where that is one; links stay inside
 * of the tree. `undefined` where there is nothing. `invalid-argument` for a circle of links.
 */
export function resolveInTree(tree: SourceTree, path: string): string | undefined {
  const waiting = path.split("/").reverse();
  let resolved: string[] = [];
  let links = 0;
  while (waiting.length > 0) {
    const name = waiting.pop() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const place = [...resolved, name].join("/");
    const entry = tree.stat(place);
    if (entry === undefined) return undefined;
    if (entry.type !== "symlink") {
      resolved.push(name);
      continue;
    }
    if (++links > MAX_LINKS) throw invalidArgument(`too many levels of symbolic links: "${path}"`);
    if (entry.target.startsWith("/")) resolved = [];
    waiting.push(...entry.target.split("/").reverse());
  }
  return resolved.join("/");
}

/** `/a//b/../c/` → `a/c`; what would climb out of the root stays at it. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") parts.pop();
    else parts.push(name);
  }
  return parts.join("/");
}

export const joinPath = (directory: string, name: string): string =>
  directory === "" ? name : name === "" ? directory : `${directory}/${name}`;
