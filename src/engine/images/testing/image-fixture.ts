import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { defaultTransportOptions, HttpTransport } from "../../../distribution/index.ts";
import {
  type DiffId,
  hostPlatform,
  type ImageConfig,
  type ImageRunConfig,
  type Index,
  type Manifest,
  MediaType,
  notFound,
  type Platform,
  type ProgressMessage,
  sha256,
} from "../../../spec/index.ts";
import { openStore, type Store } from "../../../store/index.ts";
import { type ArchiveFile, writeArchive } from "../archive-file.ts";
import { createImageService } from "../create-image-service.ts";
import type { CommitSource, ImageEvent, ImageService, ImageUser } from "../image-service.ts";
import { FakeRegistry } from "./fake-registry.ts";

export type LayerFormat = "plain" | "gzip" | "zstd";

/** A store in a directory of its own, the verbs over it, a registry, and containers as a list. */
export class ImageFixture {
  readonly events: ImageEvent[] = [];
  readonly users: (ImageUser & { imageId: string })[] = [];
  /** Containers that can be committed. */
  readonly sources = new Map<string, CommitSource>();
  /** Containers that were paused, in order. */
  readonly paused: string[] = [];
  images: ImageService;

  private constructor(
    readonly directory: string,
    readonly registry: FakeRegistry,
    public store: Store,
  ) {
    this.images = this.service(store);
  }

  static async create(): Promise<ImageFixture> {
    const directory = await mkdtemp(join(tmpdir(), "berth-images-"));
    const store = await openStore(join(directory, "data"));
    return new ImageFixture(directory, await FakeRegistry.start(), store);
  }

  async remove(): Promise<void> {
    this.registry.stop();
    await this.store.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** As after a restart of the daemon. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await openStore(join(this.directory, "data"));
    this.images = this.service(this.store);
  }

  private service(store: Store): ImageService {
    return createImageService({
      store,
      containers: {
        usersOf: (imageId) => this.users.filter((user) => user.imageId === imageId),
        commitSource: (id) => {
          const source = this.sources.get(id);
          if (source === undefined) throw notFound(`No such container: ${id}`);
          return source;
        },
        whilePaused: async (id, body) => {
          this.paused.push(id);
          return await body();
        },
      },
      emit: (event) => this.events.push(event),
      transport: new HttpTransport({ ...defaultTransportOptions, retryDelay: 5 }),
    });
  }

  /** Puts an image of these layers into the registry; returns its manifest's descriptor. */
  async publish(
    repository: string,
    tag: string | undefined,
    layers: readonly (readonly [Uint8Array, LayerFormat])[],
    config: ImageRunConfig = {},
    platform: Platform = hostPlatform(),
  ) {
    const image: ImageConfig = {
      created: "2026-01-02T03:04:05Z",
      ...platform,
      config,
      rootfs: { type: "layers", diff_ids: layers.map(([tar]) => sha256(tar) as string as DiffId) },
      history: layers.map((_, index) => ({ created_by: `layer ${index}` })),
    };
    const manifest: Manifest & { mediaType: string } = {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, ...this.registry.addBlob(JSON.stringify(image)) },
      layers: layers.map(([tar, format]) => ({
        mediaType: layerType(format),
        ...this.registry.addBlob(compress(tar, format)),
      })),
    };
    return this.registry.addManifest(repository, tag, manifest);
  }

  publishIndex(repository: string, tag: string, manifests: Index["manifests"]) {
    const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests };
    return this.registry.addManifest(repository, tag, index);
  }

  /** The whole name of a repository of the registry. */
  name(repository: string): string {
    return `${this.registry.address}/${repository}`;
  }

  async pull(reference: string, platform?: string): Promise<ProgressMessage[]> {
    const request = { reference, ...(platform === undefined ? {} : { platform }) };
    return await collect(this.images.pull(request));
  }
}

/** A tar of files; the content may be text. */
export async function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const members = Object.entries(files).map(([path, content]): ArchiveFile => {
    const bytes = Buffer.from(content as Uint8Array);
    return { path, size: bytes.length, bytes };
  });
  return Buffer.concat(await collect(writeArchive(members)));
}

function layerType(format: LayerFormat): string {
  if (format === "plain") return MediaType.ociLayer;
  return format === "gzip" ? MediaType.ociLayerGzip : MediaType.ociLayerZstd;
}

function compress(tar: Uint8Array, format: LayerFormat): Uint8Array {
  if (format === "plain") return tar;
  return format === "gzip" ? gzipSync(tar) : zstdCompressSync(tar);
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
