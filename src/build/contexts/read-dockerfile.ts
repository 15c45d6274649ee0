import { readFileSync } from "node:fs";
import { IgnorePatterns, invalidArgument } from "../../spec/index.ts";
import { IgnoredTree } from "../files/ignored-tree.ts";
import { cleanPath, resolveInTree, type SourceTree } from "../files/source-tree.ts";

/** A Dockerfile is text that people write. Bytes. */
const LIMIT = 4 * 1024 * 1024;

/** The text of a file of a context; `undefined` where there is none. */
export function readContextFile(tree: SourceTree, path: string): string | undefined {
  const resolved = resolveInTree(tree, path);
  const entry = resolved === undefined ? undefined : tree.stat(resolved);
  if (resolved === undefined || entry?.type !== "file") return undefined;
  if (entry.size > LIMIT) throw invalidArgument(`Cannot read "${path}": it is larger than 4 MiB`);
  return readFileSync(tree.location(resolved), "utf8");
}

/** Docker's words where there is none. */
export function readDockerfile(tree: SourceTree, path: string): string {
  const text = readContextFile(tree, path) ?? fallback(tree, path);
  if (text === undefined) {
    throw invalidArgument(`Cannot locate specified Dockerfile: ${cleanPath(path)}`);
  }
  if (text.trim() === "")
    throw invalidArgument(`the Dockerfile (${cleanPath(path)}) cannot be empty`);
  return text;
}

/** As Docker looks for it where nobody has named one. */
function fallback(tree: SourceTree, path: string): string | undefined {
  return cleanPath(path) === "Dockerfile" ? readContextFile(tree, "dockerfile") : undefined;
}

/** The context without what `<Dockerfile>.dockerignore`, or else `.dockerignore`, leaves out. */
export function withoutIgnored(tree: SourceTree, dockerfile: string): SourceTree {
  for (const name of [`${cleanPath(dockerfile)}.dockerignore`, ".dockerignore"]) {
    const text = readContextFile(tree, name);
    if (text === undefined) continue;
    const patterns = IgnorePatterns.parse(text, name);
    return patterns.isEmpty ? tree : new IgnoredTree(tree, patterns);
  }
  return tree;
}
