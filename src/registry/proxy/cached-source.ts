import { RegistryError, type RemoteRepository } from "../../distribution/index.ts";
import { type Descriptor, type Digest, EngineError, isDigest } from "../../spec/index.ts";
import type { Blob, ContentSource, LocalSource } from "../content/content-source.ts";
import type { Manifests } from "../content/manifests.ts";
import type { Repositories } from "../content/repositories.ts";
import type { StoredManifest } from "../content/stored-manifest.ts";
import type { Tags } from "../content/tags.ts";
import type { Uploads } from "../content/uploads.ts";
import type { RegistryMetrics } from "../metrics.ts";
import { isTag } from "../names.ts";
import type { RegistryStorage } from "../storage/registry-storage.ts";
import { BlobFilling } from "./blob-filling.ts";

const MANIFEST_TYPES =
  "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
  "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
const REFERRERS_LIMIT = 4 << 20;

export interface CacheShelves {
  readonly storage: RegistryStorage;
  readonly local: LocalSource;
  readonly repositories: Repositories;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly uploads: Uploads;
  readonly metrics: RegistryMetrics;
}

/** Another registry, with what was pulled of it kept here. When it cannot be reached, what is here serves. */
export class CachedSource implements ContentSource {
  private readonly filling = new Map<string, BlobFilling>();

  constructor(
    private readonly shelves: CacheShelves,
    private readonly freshFor: number,
    /** The upstream's repository for one of the names here. */
    private readonly remote: (name: string) => RemoteRepository,
  ) {}

  async manifest(name: string, reference: string): Promise<StoredManifest | undefined> {
    const { local, metrics } = this.shelves;
    const cached = await local.manifest(name, reference);
    if (cached !== undefined && (isDigest(reference) || (await this.isFresh(name, reference)))) {
      metrics.cache.add({ outcome: "hit" });
      return cached;
    }
    try {
      return await this.fetchManifest(name, reference, cached);
    } catch (error) {
      if (isUnknown(error)) return undefined;
      if (cached === undefined) throw error;
      metrics.cache.add({ outcome: "stale" });
      return cached;
    }
  }

  async blob(name: string, digest: Digest): Promise<Blob | undefined> {
    const { local, metrics } = this.shelves;
    const cached = await local.blob(name, digest, false);
    if (cached !== undefined) {
      metrics.cache.add({ outcome: "hit" });
      return cached;
    }
    const running = this.filling.get(`${name} ${digest}`);
    if (running !== undefined) return running;
    const size = await this.remoteSize(name, digest);
    if (size === undefined) return undefined;
    return { size, body: (range) => this.fill(name, digest, size).body(range) };
  }

  async tags(name: string): Promise<string[] | undefined> {
    try {
      return (await this.remote(name).tags()).sort();
    } catch (error) {
      return isUnknown(error) ? undefined : await this.shelves.local.tags(name);
    }
  }

  async referrers(name: string, subject: Digest): Promise<Descriptor[]> {
    const remote = this.remote(name);
    try {
      const response = await remote.write({
        path: `v2/${remote.path}/referrers/${subject}`,
        scope: remote.scope("pull"),
      });
      const text = Buffer.from(await response.bytes(REFERRERS_LIMIT)).toString();
      const { manifests } = JSON.parse(text) as { manifests?: Descriptor[] };
      return Array.isArray(manifests) ? manifests : [];
    } catch {
      // Many registries do not know the endpoint.
      return await this.shelves.local.referrers(name, subject);
    }
  }

  private async isFresh(name: string, tag: string): Promise<boolean> {
    const setAt = await this.shelves.tags.setAt(name, tag);
    return setAt !== undefined && setAt > Date.now() - this.freshFor;
  }

  private async fetchManifest(
    name: string,
    reference: string,
    cached: StoredManifest | undefined,
  ): Promise<StoredManifest | undefined> {
    const { manifests, tags, metrics } = this.shelves;
    const remote = this.remote(name);
    if (cached !== undefined && (await currentDigest(remote, reference)) === cached.digest) {
      await tags.set(name, reference, cached.digest);
      metrics.cache.add({ outcome: "hit" });
      return cached;
    }
    const { descriptor, bytes } = await remote.manifest(reference);
    await manifests.put({
      repository: name,
      digest: descriptor.digest,
      bytes,
      contentType: descriptor.mediaType,
      tags: isTag(reference) ? [reference] : [],
      complete: false,
    });
    metrics.cache.add({ outcome: "miss" });
    return await manifests.get(name, descriptor.digest);
  }

  private async remoteSize(name: string, digest: Digest): Promise<number | undefined> {
    const remote = this.remote(name);
    const response = await remote.write({
      method: "HEAD",
      path: `v2/${remote.path}/blobs/${digest}`,
      scope: remote.scope("pull"),
      accept: [404],
    });
    response.discard();
    const length = response.headers.get("content-length");
    if (response.status === 404 || length === null) return undefined;
    return Number(length);
  }

  /** One download for all who want the blob now. */
  private fill(name: string, digest: Digest, size: number): BlobFilling {
    const key = `${name} ${digest}`;
    const running = this.filling.get(key);
    if (running !== undefined) return running;
    const { storage, repositories, metrics } = this.shelves;
    const { uploads } = storage;
    let id: string | undefined;
    const places = {
      unfinished: uploads.readsUnsealed
        ? (start: number) => (id === undefined ? nothing() : uploads.read(id, start))
        : undefined,
      finished: (range: { start: number; end: number }) => repositories.blobBody(digest, range),
    };
    const filling = new BlobFilling(size, places, async (onProgress) => {
      try {
        await this.download(name, digest, size, onProgress, (upload) => {
          id = upload;
        });
        metrics.cache.add({ outcome: "miss" });
      } finally {
        this.filling.delete(key);
      }
    });
    this.filling.set(key, filling);
    return filling;
  }

  private async download(
    name: string,
    digest: Digest,
    size: number,
    onProgress: () => void,
    onStart: (id: string) => void,
  ): Promise<void> {
    const { uploads } = this.shelves;
    const id = await uploads.start(name, digest.startsWith("sha512:") ? "sha512" : "sha256");
    onStart(id);
    try {
      const descriptor = { mediaType: "application/octet-stream", digest, size };
      const source = announced(this.remote(name).blob(descriptor), onProgress);
      await uploads.append(name, id, source, { limit: () => {} });
      await uploads.finish(name, id, digest);
    } catch (error) {
      await uploads.cancel(name, id).catch(() => {});
      throw error;
    }
  }
}

async function* announced(
  source: AsyncIterable<Uint8Array>,
  onProgress: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    yield chunk;
    onProgress();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function currentDigest(remote: RemoteRepository, tag: string): Promise<string | null> {
  const response = await remote.write({
    method: "HEAD",
    path: `v2/${remote.path}/manifests/${tag}`,
    scope: remote.scope("pull"),
    headers: { Accept: MANIFEST_TYPES },
  });
  response.discard();
  return response.headers.get("docker-content-digest");
}

function isUnknown(error: unknown): boolean {
  if (error instanceof RegistryError && error.status === 404) return true;
  return error instanceof EngineError && error.kind === "not-found";
}
