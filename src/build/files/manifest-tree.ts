import { type BuildContextEntry, invalidArgument } from "../../spec/index.ts";
import { cleanPath, type SourceTree, type TreeEntry } from "./source-tree.ts";

interface Node extends TreeEntry {
  readonly sha256: string;
  readonly names: string[];
}

const TYPES = new Set(["file", "directory", "symlink"]);

/**
 * An uploaded context: what is where stands in the manifest, the bytes in a pool by their digest. It is data
 * and not a directory, so that no link of it can lead anywhere.
 */
export class ManifestTree implements SourceTree {
  readonly hasXattrs = false;
  readonly #nodes = new Map<string, Node>();
  readonly #pool: (sha256: string) => string;

  /** `pool`: where a file of that digest is. `invalid-argument` for a manifest that is none. */
  constructor(entries: Iterable<BuildContextEntry>, pool: (sha256: string) => string) {
    this.#pool = pool;
    this.#nodes.set("", directoryNode(0o755, 0));
    for (const entry of entries) this.#add(entry);
    for (const node of this.#nodes.values()) node.names.sort();
  }

  *entries(): Generator<[path: string, entry: TreeEntry, sha256: string]> {
    for (const [path, node] of this.#nodes) {
      if (path !== "") yield [path, node, node.sha256];
    }
  }

  stat(path: string): TreeEntry | undefined {
    return this.#nodes.get(path);
  }

  list(path: string): readonly string[] {
    return this.#nodes.get(path)?.names ?? [];
  }

  async digest(path: string): Promise<string> {
    return this.#nodes.get(path)?.sha256 ?? "";
  }

  location(path: string): string {
    return this.#pool(this.#nodes.get(path)?.sha256 ?? "");
  }

  #add(entry: BuildContextEntry): void {
    const { path, type, mode, size, mtime, target = "", sha256 = "" } = entry;
    const fail = (why: string) => invalidArgument(`Cannot take the context's "${path}": ${why}`);
    if (
      typeof path !== "string" ||
      path === "" ||
      cleanPath(path) !== path ||
      path.includes("\0")
    ) {
      throw fail("its path is not a clean relative one");
    }
    if (!TYPES.has(type)) throw fail(`it is neither file, directory nor symlink but "${type}"`);
    if (type === "file" && !/^[0-9a-f]{64}$/.test(sha256)) throw fail("it has no sha256");
    if (![mode, size].every(Number.isSafeInteger) || !Number.isFinite(mtime) || size < 0) {
      throw fail("mode, size and mtime are numbers");
    }
    const seconds = Math.floor(mtime);
    const nanoseconds = Math.round((mtime - seconds) * 1e9) % 1e9;
    const parent = this.#parent(path);
    if (parent.type !== "directory") throw fail("it lies in something that is no directory");
    if (this.#nodes.has(path)) {
      if (type === "directory")
        this.#nodes.set(path, {
          ...directoryNode(mode, seconds),
          names: this.#nodes.get(path)?.names ?? [],
        });
      else throw fail("it is there twice");
      return;
    }
    parent.names.push(path.slice(path.lastIndexOf("/") + 1));
    this.#nodes.set(path, {
      type,
      mode: mode & 0o7777,
      uid: 0,
      gid: 0,
      size: type === "file" ? size : 0,
      modified: { seconds, nanoseconds },
      target,
      sha256: type === "file" ? sha256 : "",
      names: [],
    });
  }

  #parent(path: string): Node {
    const place = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const existing = this.#nodes.get(place);
    if (existing !== undefined) return existing;
    const parent = this.#parent(place);
    const node = directoryNode(0o755, 0);
    parent.names.push(place.slice(place.lastIndexOf("/") + 1));
    this.#nodes.set(place, node);
    return node;
  }
}

function directoryNode(mode: number, seconds: number): Node {
  const modified = { seconds, nanoseconds: 0 };
  return {
    type: "directory",
    mode: mode & 0o7777,
    uid: 0,
    gid: 0,
    size: 0,
    modified,
    target: "",
    sha256: "",
    names: [],
  };
}
