import type { IgnorePatterns } from "../../spec/index.ts";
import { joinPath, type SourceTree, type TreeEntry } from "./source-tree.ts";

/** A tree without what a `.dockerignore` leaves out. */
export class IgnoredTree implements SourceTree {
  readonly hasXattrs: boolean;
  readonly #tree: SourceTree;
  readonly #patterns: IgnorePatterns;

  constructor(tree: SourceTree, patterns: IgnorePatterns) {
    this.#tree = tree;
    this.#patterns = patterns;
    this.hasXattrs = tree.hasXattrs;
  }

  stat(path: string): TreeEntry | undefined {
    const entry = this.#tree.stat(path);
    if (entry === undefined || path === "" || !this.#patterns.ignores(path)) return entry;
    return entry.type === "directory" && this.#holdsSomething(path) ? entry : undefined;
  }

  list(path: string): readonly string[] {
    return this.#tree.list(path).filter((name) => this.stat(joinPath(path, name)) !== undefined);
  }

  digest(path: string): Promise<string> {
    return this.#tree.digest(path);
  }

  location(path: string): string {
    return this.#tree.location(path);
  }

  /** An ignored directory is there for what exceptions take in again. */
  #holdsSomething(path: string): boolean {
    if (!this.#patterns.mayHoldExceptions(path)) return false;
    return this.#tree.list(path).some((name) => this.stat(joinPath(path, name)) !== undefined);
  }
}
