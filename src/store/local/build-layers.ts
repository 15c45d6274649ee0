import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { packSmallTree, packTree } from "../../archive/index.ts";
import { rename } from "../../linux/file.ts";
import {
  type ChainId,
  type Descriptor,
  type DiffId,
  type Digest,
  MediaType,
  sha256,
} from "../../spec/index.ts";
import type { LayerOptions, SnapshotLayers } from "../build-snapshot-store.ts";
import type { ImageLayer } from "../image-store.ts";
import type { BuildSnapshotTable, SnapshotRow } from "./build-snapshot-table.ts";
import type { FileContentStore } from "./file-content-store.ts";
import type { Holds } from "./holds.ts";
import type { LayerTable } from "./layer-table.ts";
import { type LayerUnpacker, UNFINISHED } from "./layer-unpacker.ts";
import type { SqliteRecordStore } from "./sqlite-record-store.ts";
import type { StorePaths } from "./store-paths.ts";

export interface BuildLayersParts {
  paths: StorePaths;
  records: SqliteRecordStore;
  layers: LayerTable;
  snapshots: BuildSnapshotTable;
  unpacker: LayerUnpacker;
  content: FileContentStore;
  layerHolds: Holds<ChainId>;
}

/** Snapshots that are packed at once. */
const CONCURRENT_PACKS = 4;

/** Makes layers of build snapshots: packs them for their blobs and moves their directories, unpacks nothing. */
export class BuildLayers {
  readonly #parts: BuildLayersParts;

  constructor(parts: BuildLayersParts) {
    this.#parts = parts;
  }

  async make(
    rows: readonly SnapshotRow[],
    base: ChainId | undefined,
    options: LayerOptions,
  ): Promise<SnapshotLayers> {
    using held = new DisposableStack();
    const blobs = await this.#pack(rows, options, held);
    const made: ImageLayer[] = [];
    let parent = base;
    for (const [index, row] of rows.entries()) {
      const blob = blobs[index];
      if (blob === undefined) continue;
      const diffId = blob.digest as string as DiffId;
      const named = parent === undefined ? diffId : sha256(`${parent} ${diffId}`);
      const chainId = named as string as ChainId;
      held.use(this.#parts.layerHolds.hold(chainId));
      if (options.notAfter === undefined) this.#move(row, { diffId, chainId, parent, blob });
      else await this.#unpack({ diffId, chainId, parent, blob });
      made.push({ diffId, chainId, blob });
      parent = chainId;
    }
    const kept = held.move();
    return { layers: made, [Symbol.dispose]: () => kept.dispose() };
  }

  async #pack(
    rows: readonly SnapshotRow[],
    options: LayerOptions,
    held: DisposableStack,
  ): Promise<Descriptor[]> {
    const blobs: Descriptor[] = [];
    const waiting = [...rows.entries()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, row] = next;
        const blob = this.#known(row, options) ?? (await this.#packRow(row, options));
        held.use(this.#parts.content.hold(blob.digest));
        blobs[index] = blob;
      }
    };
    const workers = Array.from({ length: CONCURRENT_PACKS }, work);
    const results = await Promise.allSettled(workers);
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return blobs;
  }

  #known({ layer }: SnapshotRow, { notAfter }: LayerOptions): Descriptor | undefined {
    if (layer === undefined || notAfter !== undefined) return undefined;
    const stored = this.#parts.content.stat(layer.blob as Digest);
    if (stored === undefined) return undefined;
    return { mediaType: MediaType.ociLayer, digest: stored.digest, size: stored.size };
  }

  async #packRow(row: SnapshotRow, { notAfter, signal }: LayerOptions): Promise<Descriptor> {
    const { paths, content } = this.#parts;
    const place = row.moved && row.layer ? paths.layer(row.layer.chainId) : undefined;
    const diff = join(place ?? paths.buildSnapshot(row.id), "diff");
    const mode = { mode: "layer", ...(notAfter === undefined ? {} : { notAfter }) } as const;
    const small = packSmallTree(diff, mode);
    const writer = await content.create();
    try {
      if (small !== undefined) await writer.write(small);
      else {
        for await (const chunk of packTree(diff, { ...mode, ...(signal ? { signal } : {}) })) {
          await writer.write(chunk);
        }
      }
      return { mediaType: MediaType.ociLayer, ...(await writer.commit()) };
    } finally {
      await writer.close();
    }
  }

  /** The snapshot's directory becomes the layer's; mounts that use it do not notice. */
  #move(
    row: SnapshotRow,
    layer: { diffId: DiffId; chainId: ChainId; parent: ChainId | undefined; blob: Descriptor },
  ): void {
    const { paths, layers, snapshots, records } = this.#parts;
    const { diffId, chainId, parent } = layer;
    const blob = layer.blob.digest;
    if (row.layer?.chainId === chainId && layers.get(chainId) !== undefined) return;
    if (layers.get(chainId) !== undefined || row.moved) {
      // The same layer is there already: this directory stays, because it may be mounted.
      snapshots.setLayer(row.id, { diffId, blob, chainId }, row.moved);
      return;
    }
    const temporary = join(paths.layers, `${UNFINISHED}${randomBytes(8).toString("hex")}`);
    mkdirSync(temporary, { mode: 0o711 });
    rename(join(paths.buildSnapshot(row.id), "diff"), join(temporary, "diff"));
    rename(temporary, paths.layer(chainId));
    records.transaction(() => {
      layers.insert({ chainId, parent, diffId, blob, size: row.size });
      snapshots.setLayer(row.id, { diffId, blob, chainId }, true);
    });
  }

  /** A layer whose times differ from the snapshot's. */
  async #unpack(layer: {
    diffId: DiffId;
    chainId: ChainId;
    parent: ChainId | undefined;
    blob: Descriptor;
  }): Promise<void> {
    const { diffId, chainId, parent, blob } = layer;
    if (this.#parts.layers.get(chainId) !== undefined) return;
    using staged = await this.#parts.unpacker.stage(blob.digest);
    staged.place({ chainId, parent, diffId, blob: blob.digest });
  }
}
