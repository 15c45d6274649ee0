import { mkdtempSync, rmSync } from "node:fs";
import {
  encodeEntry,
  endOfArchive,
  paddingFor,
  type TarEntry,
  tarEntry,
} from "../archive/index.ts";
import { unmount } from "../linux/mount.ts";
import { readMountInfo } from "../linux/mountinfo.ts";
import { chainIds, type DiffId, type ImageId, sha256 } from "../spec/index.ts";
import { type LayerRecord, openStore, type Store } from "./index.ts";

export type TestMember = [entry: Partial<TarEntry> & { path: string }, content?: string];

/** A store in a directory of its own, for tests. */
export class StoreFixture {
  readonly root: string;
  store: Store;

  private constructor(store: Store, root: string) {
    this.store = store;
    this.root = root;
  }

  static async create(): Promise<StoreFixture> {
    const root = mkdtempSync("/tmp/store-test-");
    return new StoreFixture(await openStore(root), root);
  }

  async reopen(): Promise<Store> {
    await this.store.close();
    this.store = await openStore(this.root);
    return this.store;
  }

  /** Leaves nothing behind; returns the mounts that were left, which is a fault if the test did not want them. */
  async destroy(): Promise<string[]> {
    const left = readMountInfo()
      .map(({ mountPoint }) => mountPoint)
      .filter((path) => path.startsWith(`${this.root}/`));
    for (const path of left.reverse()) unmount(path, { detach: true });
    await this.store.close();
    rmSync(this.root, { recursive: true, force: true });
    return left;
  }

  /** Unpacks layers, lowest first; their blobs (plain tars) are in the content store. */
  async layers(...layers: TestMember[][]): Promise<LayerRecord[]> {
    const tars = layers.map((members) => testTar(...members));
    const diffIds = tars.map((tar) => sha256(tar) as string as DiffId);
    const chain = chainIds(diffIds);
    const records: LayerRecord[] = [];
    for (const [index, chainId] of chain.entries()) {
      const tar = tars[index] ?? Buffer.alloc(0);
      const { digest } = await this.store.content.put(tar);
      const diffId = diffIds[index] as DiffId;
      const layer = { chainId, parent: chain[index - 1], diffId, blob: digest };
      records.push(await this.store.snapshots.ensureLayer(layer, () => inChunks(tar)));
    }
    return records;
  }

  /** Records an image on layers, whose configuration and manifest are blobs too. */
  async image(name: string, layers: readonly LayerRecord[]): Promise<ImageId> {
    const { store } = this;
    const config = {
      architecture: "amd64",
      os: "linux",
      author: name,
      rootfs: { type: "layers" as const, diff_ids: layers.map(({ diffId }) => diffId) },
    };
    const { digest, size } = await store.content.put(JSON.stringify(config));
    const manifest = await store.content.put(JSON.stringify({ name }));
    const id = digest as string as ImageId;
    store.images.put({
      id,
      config,
      manifest: { mediaType: "manifest", ...manifest },
      layers: layers.map((layer) => ({
        diffId: layer.diffId,
        chainId: layer.chainId,
        blob: { mediaType: "layer", digest: layer.blob ?? sha256(""), size },
      })),
      size: layers.reduce((sum, layer) => sum + layer.size, 0),
      created: "2024-01-01T00:00:00Z",
    });
    return id;
  }
}

export function testTar(...members: TestMember[]): Buffer {
  return Buffer.concat([
    ...members.flatMap(([entry, content = ""]) => {
      const size = Buffer.byteLength(content);
      return [encodeEntry(tarEntry({ size, ...entry })), Buffer.from(content), paddingFor(size)];
    }),
    endOfArchive,
  ]);
}

export async function* inChunks(bytes: Uint8Array, size = 4096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}
