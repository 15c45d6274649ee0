import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readlink } from "../../linux/file.ts";
import { FileType, lstatIfAny } from "../../linux/stat.ts";
import { invalidArgument } from "../../spec/index.ts";
import { hashFile } from "./hash-file.ts";
import { joinPath, type SourceTree, type TreeEntry } from "./source-tree.ts";

const TYPES: Readonly<Record<number, TreeEntry["type"]>> = {
  [FileType.regular]: "file",
  [FileType.directory]: "directory",
  [FileType.symlink]: "symlink",
};

export interface DiskTreeOptions {
  /** Owners and extended attributes count: it is a file system of an image, and no context. */
  image: boolean;
}

/** A directory of the host that nobody writes to: a mounted tree, an unpacked context. */
export class DiskTree implements SourceTree {
  readonly root: string;
  readonly hasXattrs: boolean;
  readonly #image: boolean;
  readonly #digests = new Map<string, Promise<string>>();

  constructor(root: string, { image }: DiskTreeOptions) {
    this.root = root;
    this.#image = image;
    this.hasXattrs = image;
  }

  stat(path: string): TreeEntry | undefined {
    const status = lstatIfAny(this.location(path));
    if (status === undefined) return undefined;
    const type = TYPES[status.mode & FileType.mask] ?? "other";
    return {
      type,
      mode: status.mode & 0o7777,
      uid: this.#image ? status.uid : 0,
      gid: this.#image ? status.gid : 0,
      size: type === "file" ? status.size : 0,
      modified: status.modified,
      target: type === "symlink" ? readlink(this.location(path)).toString("utf8") : "",
    };
  }

  list(path: string): readonly string[] {
    const names = readdirSync(this.location(path));
    const broken = names.find((name) => name.includes("\ufffd"));
    if (broken !== undefined) {
      throw invalidArgument(`Cannot copy "${joinPath(path, broken)}": its name is not UTF-8`);
    }
    return names.sort();
  }

  digest(path: string): Promise<string> {
    const known = this.#digests.get(path);
    if (known !== undefined) return known;
    const digest = hashFile(this.location(path));
    this.#digests.set(path, digest);
    return digest;
  }

  location(path: string): string {
    return join(this.root, path);
  }
}
