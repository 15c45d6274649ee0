import { lstatIfAny } from "../../linux/stat.ts";
import type { ChainId, Digest } from "../../spec/index.ts";
import type { RecordStore } from "../record-store.ts";
import type { LayerRecord } from "../snapshot-store.ts";
import type { FileContentStore } from "./file-content-store.ts";
import type { Holds } from "./holds.ts";
import type { ImageTable } from "./image-table.ts";
import type { LayerTable } from "./layer-table.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";

export interface GarbageParts {
  paths: StorePaths;
  records: RecordStore;
  layers: LayerTable;
  images: ImageTable;
  content: FileContentStore;
  unpacker: LayerUnpacker;
  layerHolds: Holds<ChainId>;
  trash: Trash;
}

/** Frees layers and blobs that nothing needs any more. */
export class Garbage {
  readonly #parts: GarbageParts;

  constructor(parts: GarbageParts) {
    this.#parts = parts;
  }

  /**
   * Deletes the rows of a layer and those below it, as far as nothing stands on them and nobody holds them.
   * Their files are for `discard`, once the transaction around this is through.
   */
  deleteUnusedLayers(top: ChainId | undefined): LayerRecord[] {
    const { layers, layerHolds, unpacker } = this.#parts;
    const deleted: LayerRecord[] = [];
    for (let next = top; next !== undefined; ) {
      const layer = layers.get(next);
      const held = layerHolds.has(next) || unpacker.isUnpacking(next);
      if (layer === undefined || held || layers.isUsed(next)) break;
      layers.delete(next);
      deleted.push(layer);
      next = layer.parent;
    }
    return deleted;
  }

  /** Removes the files of deleted layers; a crash before leaves them to the next start. */
  discard(layers: readonly LayerRecord[]): void {
    for (const { chainId, blob } of layers) {
      this.#parts.trash.discard(this.#parts.paths.layer(chainId));
      if (blob !== undefined) this.removeUnusedBlob(blob);
    }
  }

  /** A layer that may have lost its last user, and those below it. */
  freeLayers(top: ChainId | undefined): number {
    const deleted = this.#parts.records.transaction(() => this.deleteUnusedLayers(top));
    this.discard(deleted);
    return sizeOf(deleted);
  }

  /** The bytes that it took, if nothing needs it. */
  removeUnusedBlob(digest: Digest): number {
    const { content, images } = this.#parts;
    if (content.isHeld(digest) || images.isBlobUsed(digest)) return 0;
    const size = content.stat(digest)?.size ?? 0;
    content.remove(digest);
    return size;
  }

  /** Whatever nothing needs and has been there for `minAge` milliseconds. Returns the bytes freed. */
  collect(minAge: number): number {
    const { layers, content } = this.#parts;
    let freed = 0;
    for (const { chainId } of layers.all()) {
      if (this.#layerAge(chainId) >= minAge) freed += this.freeLayers(chainId);
    }
    for (const { digest } of content.list()) {
      if (content.age(digest) >= minAge) freed += this.removeUnusedBlob(digest);
    }
    return freed;
  }

  #layerAge(chainId: ChainId): number {
    const status = lstatIfAny(this.#parts.paths.layer(chainId));
    return status === undefined ? 0 : Date.now() - status.changed.seconds * 1000;
  }
}

export const sizeOf = (layers: readonly LayerRecord[]): number =>
  layers.reduce((sum, { size }) => sum + size, 0);
