import { randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, writeFileSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { join } from "node:path";
import {
  detectCompression,
  type UnpackOptions,
  type UnpackResult,
  unpackTar,
  unpackTarFile,
} from "../../archive/index.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import { rename } from "../../linux/file.ts";
import {
  type ChainId,
  type DiffId,
  type Digest,
  invalidArgument,
  notFound,
} from "../../spec/index.ts";
import type { LayerRecord, NewLayer, StagedLayer } from "../snapshot-store.ts";
import type { LayerTable } from "./layer-table.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";

export const UNFINISHED = ".new-";

/** When unpacking has been quiet for so long, layers are written back. Milliseconds. */
const SYNC_AFTER = 2000;

export type OpenLayer = () => AsyncIterable<Uint8Array>;

/** Unpacks layers, each one once however many ask for it. */
export class LayerUnpacker {
  readonly #paths: StorePaths;
  readonly #table: LayerTable;
  readonly #trash: Trash;
  readonly #unpacking = new Map<ChainId, Promise<LayerRecord>>();
  #syncTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(paths: StorePaths, table: LayerTable, trash: Trash) {
    this.#paths = paths;
    this.#table = table;
    this.#trash = trash;
  }

  isUnpacking(chainId: ChainId): boolean {
    return this.#unpacking.has(chainId);
  }

  async ensure(layer: NewLayer, open: OpenLayer, signal?: AbortSignal): Promise<LayerRecord> {
    for (;;) {
      signal?.throwIfAborted();
      const existing = this.#table.get(layer.chainId);
      if (existing !== undefined) return existing;
      const other = this.#unpacking.get(layer.chainId);
      if (other === undefined) break;
      // Somebody else's source may fail where this caller's does not.
      await other.catch(() => undefined);
    }
    const work = this.#unpack(layer, open, signal);
    this.#unpacking.set(layer.chainId, work);
    try {
      return await work;
    } finally {
      this.#unpacking.delete(layer.chainId);
    }
  }

  async #unpack(layer: NewLayer, open: OpenLayer, signal?: AbortSignal): Promise<LayerRecord> {
    const options = unpackOptions(signal);
    const staged = await this.#stage((directory) => unpackTar(open(), directory, options));
    return staged.place(layer);
  }

  async stage(blob: Digest, signal?: AbortSignal): Promise<StagedLayer> {
    const path = this.#paths.blob(blob);
    const options = unpackOptions(signal);
    const { start, size } = await beginning(path, blob);
    // Only sha256 makes a DiffID.
    const isLayerTar = detectCompression(start) === "none" && blob.startsWith("sha256:");
    return await this.#stage((directory) =>
      isLayerTar
        ? unpackTarFile({ path, digest: blob, size }, directory, options)
        : unpackTar(createReadStream(path, { highWaterMark: 256 * 1024 }), directory, options),
    );
  }

  async #stage(unpack: (directory: string) => Promise<UnpackResult>): Promise<StagedLayer> {
    const name = `${UNFINISHED}${randomBytes(8).toString("hex")}`;
    const temporary = join(this.#paths.layers, name);
    const diff = join(temporary, "diff");
    mkdirSync(temporary, { mode: 0o711 });
    mkdirSync(diff, { mode: 0o755 });
    using _ = this.#trash.giveWay();
    try {
      const result = await unpack(diff);
      if (result.implied.length > 0) {
        writeFileSync(join(temporary, "implied.json"), JSON.stringify(result.implied));
      }
      return this.#staged(temporary, result);
    } catch (error) {
      this.#trash.discard(temporary);
      throw error;
    }
  }

  #staged(temporary: string, result: UnpackResult): StagedLayer {
    let pending = true;
    const discard = () => {
      if (pending) this.#trash.discard(temporary);
      pending = false;
    };
    const place = (layer: NewLayer): LayerRecord => {
      if (result.digest !== (layer.diffId as string)) {
        discard();
        throw invalidArgument(
          `layer verification failed: its tar is ${result.digest} instead of ${layer.diffId}`,
        );
      }
      const existing = this.#table.get(layer.chainId);
      if (existing !== undefined) {
        discard();
        return existing;
      }
      rename(temporary, this.#paths.layer(layer.chainId));
      pending = false;
      const record = { ...layer, size: result.bytes };
      this.#table.insert(record);
      this.#syncLater();
      return record;
    };
    return { diffId: result.digest as string as DiffId, place, [Symbol.dispose]: discard };
  }

  /**
   * Layers are not synced one by one: until they are known to be on the disk, a power loss makes them
   * suspect, and they are unpacked again from their blobs, which are synced.
   */
  #syncLater(): void {
    clearTimeout(this.#syncTimer);
    // What cannot be marked, on a full disk, is looked at again at the next start.
    this.#syncTimer = setTimeout(() => this.sync().catch(() => undefined), SYNC_AFTER);
    this.#syncTimer.unref();
  }

  async sync(): Promise<void> {
    const layers = this.#table.unsynced();
    if (layers.length === 0) return;
    // In a process of its own: syncfs(2) blocks for as long as the disk needs.
    const sync = Bun.spawn(["sync", "-f", this.#paths.layers], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    sync.unref();
    if ((await sync.exited) === 0 && !this.#closed) this.#table.markSynced(layers);
  }

  #closed = false;

  close(): void {
    this.#closed = true;
    clearTimeout(this.#syncTimer);
  }
}

function unpackOptions(signal: AbortSignal | undefined): UnpackOptions {
  return { mode: "layer", ...(signal === undefined ? {} : { signal }) };
}

async function beginning(path: string, blob: Digest): Promise<{ start: Uint8Array; size: number }> {
  try {
    await using file = await openFile(path);
    const start = new Uint8Array(6);
    await file.read(start, 0, start.length, 0);
    return { start, size: (await file.stat()).size };
  } catch (error) {
    if (!isErrno(error, Errno.ENOENT)) throw error;
    throw notFound(`Cannot unpack "${blob}": no such blob in the content store`);
  }
}
