import { mknod } from "../../linux/file.ts";
import { FileType, isDirectory, type Status } from "../../linux/stat.ts";
import type { ByteString } from "../byte-string.ts";
import { baseOf, PathBuffer, parentOf } from "../path.ts";
import { archiveError } from "../tar/entry.ts";
import type { TreeWriter } from "./tree-writer.ts";

const WHITEOUT = ".wh.";
const WHITEOUT_META = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";
const OPAQUE_XATTR = "trusted.overlay.opaque";

export function isWhiteout(status: Status): boolean {
  const character = (status.mode & FileType.mask) === FileType.character;
  return character && status.major === 0 && status.minor === 0;
}

/** overlay's own attributes mean something to the kernel and never come from an archive. */
export function acceptsLayerXattr(name: string): boolean {
  return !/^(?:trusted|user)\.overlay\./.test(name);
}

/**
 * Turns an OCI layer's whiteouts (image-spec, layer.md#whiteouts) into overlay's
 * (Documentation/filesystems/overlayfs.rst). They hide what lies in lower layers only, whatever the order
 * of the members.
 */
export class LayerRules {
  readonly #tree: TreeWriter;
  readonly #path = new PathBuffer();

  constructor(tree: TreeWriter) {
    this.#tree = tree;
  }

  /** True if the member was a whiteout and is dealt with. */
  takeWhiteout(path: ByteString): boolean {
    if (!path.includes(WHITEOUT)) return false;
    const name = baseOf(path);
    const parent = parentOf(path);
    if (name === OPAQUE) {
      this.#tree.ensureDirectory(parent);
      this.#tree.setXattr(parent, OPAQUE_XATTR, Buffer.from("y"));
      return true;
    }
    // What else AUFS keeps in an archive (its hard links' directory) is of no use to overlay.
    if (path.split("/").some((part) => part.startsWith(WHITEOUT_META))) return true;
    if (!name.startsWith(WHITEOUT)) return false;
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw archiveError(`a whiteout hides "${hidden}"`);
    }
    this.#hide(parent === "" ? hidden : `${parent}/${hidden}`, parent);
    return true;
  }

  /** Before a member is made: a whiteout in its way, or above it, means that lower content stays hidden. */
  beforeMember(path: ByteString, isDirectoryMember: boolean): void {
    for (const whiteout of this.#whiteoutsAbove(path)) this.#replaceByOpaque(whiteout);
    if (isDirectoryMember && this.#hidden.has(path)) this.#replaceByOpaque(path);
    else this.#hidden.delete(path);
  }

  readonly #hidden = new Set<ByteString>();

  #hide(path: ByteString, parent: ByteString): void {
    for (const whiteout of this.#whiteoutsAbove(path)) this.#replaceByOpaque(whiteout);
    const status = this.#tree.status(path);
    if (status === undefined) {
      this.#tree.ensureDirectory(parent);
      mknod(this.#path.of(path), FileType.character);
      this.#hidden.add(path);
    } else if (isDirectory(status)) {
      // The layer brings its own directory of that name: only the lower one is hidden.
      this.#tree.setXattr(path, OPAQUE_XATTR, Buffer.from("y"));
    }
  }

  #whiteoutsAbove(path: ByteString): ByteString[] {
    if (this.#hidden.size === 0) return [];
    const found: ByteString[] = [];
    for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) {
      if (this.#hidden.has(parent)) found.unshift(parent);
    }
    return found;
  }

  #replaceByOpaque(path: ByteString): void {
    this.#hidden.delete(path);
    this.#tree.remove(path);
    this.#tree.ensureDirectory(path);
    this.#tree.setXattr(path, OPAQUE_XATTR, Buffer.from("y"));
  }
}
