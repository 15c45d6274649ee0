import { hostname } from "node:os";
import type { Digest } from "../../spec/index.ts";
import type { Manifests } from "../content/manifests.ts";
import type { Repositories } from "../content/repositories.ts";
import { referencesOf } from "../content/stored-manifest.ts";
import type { Tags } from "../content/tags.ts";
import type { Uploads } from "../content/uploads.ts";
import { keyDigest } from "../storage/layout.ts";
import type { ObjectInfo, RegistryStorage } from "../storage/registry-storage.ts";
import type { Condemned } from "./condemned.ts";
import { applyRetention, type RetentionRule } from "./retention.ts";

export interface CollectorSettings {
  /** What is younger is never removed. Milliseconds. */
  readonly grace: number;
  /** Uploads that nobody has added to for this long. Milliseconds. */
  readonly uploadLifetime: number;
  readonly retention: readonly RetentionRule[];
}

export interface Collected {
  tags: number;
  manifests: number;
  /** Blobs that a repository no longer has. */
  links: number;
  blobs: number;
  /** Of blobs. */
  bytes: number;
  uploads: number;
}

const LOCK = "gc/lock";
/** A collector that died blocks others for this long. Milliseconds. */
const LOCK_LIFETIME = 10 * 60_000;
const BATCH = 500;

/**
 * Removes what nothing refers to, while the registry serves. One collector runs at a time over all servers;
 * `Condemned` keeps it apart from pushes.
 */
export class GarbageCollector {
  constructor(
    private readonly storage: RegistryStorage,
    private readonly repositories: Repositories,
    private readonly manifests: Manifests,
    private readonly tags: Tags,
    private readonly uploads: Uploads,
    private readonly condemned: Condemned,
    private readonly settings: CollectorSettings,
  ) {}

  /** Undefined where another collector is at work. */
  async collect(): Promise<Collected | undefined> {
    if (!(await this.lock())) return undefined;
    try {
      return await this.run();
    } finally {
      await this.storage.remove(LOCK);
    }
  }

  private async run(): Promise<Collected> {
    const now = Date.now();
    const cutoff = now - this.settings.grace;
    const total = { tags: 0, manifests: 0, links: 0, blobs: 0, bytes: 0, uploads: 0 };
    await this.condemned.forgetDead();
    total.uploads = await this.uploads.expire(now - this.settings.uploadLifetime);
    for (const name of await this.repositories.names()) {
      const { manifests, tags, settings } = this;
      const retained = await applyRetention(
        name,
        settings.retention,
        { manifests, tags },
        now,
        cutoff,
      );
      total.tags += retained.tags;
      total.manifests += retained.manifests;
      total.links += await this.sweepLinks(name, cutoff);
      await this.renewLock();
    }
    const { removed, bytes } = await this.sweepBlobs(cutoff);
    total.blobs = removed;
    total.bytes = bytes;
    for (const name of await this.repositories.names()) await this.repositories.forgetEmpty(name);
    return total;
  }

  /** Blobs that no manifest of the repository refers to leave it. */
  private async sweepLinks(name: string, cutoff: number): Promise<number> {
    const referenced = new Set<Digest>();
    for await (const digest of this.manifests.digests(name)) {
      const manifest = await this.manifests.get(name, digest);
      for (const reference of manifest === undefined ? [] : referencesOf(manifest)) {
        referenced.add(reference);
      }
    }
    const blobs = this.repositories.blobs(name);
    return (await this.sweep(blobs, (digest) => referenced.has(digest), cutoff)).removed;
  }

  /** Blobs that no repository has are removed. */
  private async sweepBlobs(cutoff: number): Promise<{ removed: number; bytes: number }> {
    const linked = new Set<Digest>();
    for (const name of await this.repositories.names()) {
      for await (const { key } of this.repositories.blobs(name)) linked.add(keyDigest(key));
    }
    return await this.sweep(this.storage.list("blobs"), (digest) => linked.has(digest), cutoff);
  }

  private async sweep(
    objects: AsyncIterable<Pick<ObjectInfo, "key" | "modifiedAt">>,
    keep: (digest: Digest) => boolean,
    cutoff: number,
  ): Promise<{ removed: number; bytes: number }> {
    const total = { removed: 0, bytes: 0 };
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      const { removed, bytes } = await this.condemned.execute(batch, cutoff);
      total.removed += removed;
      total.bytes += bytes;
      batch = [];
      await this.renewLock();
    };
    for await (const { key, modifiedAt } of objects) {
      if (modifiedAt >= cutoff || keep(keyDigest(key))) continue;
      batch.push(key);
      if (batch.length === BATCH) await flush();
    }
    await flush();
    return total;
  }

  private async lock(): Promise<boolean> {
    if (await this.storage.create(LOCK, this.lockText())) return true;
    const bytes = await this.storage.read(LOCK);
    const { expiresAt } =
      bytes === undefined
        ? { expiresAt: 0 }
        : (JSON.parse(Buffer.from(bytes).toString()) as { expiresAt: number });
    if (expiresAt > Date.now()) return false;
    await this.storage.remove(LOCK);
    return await this.storage.create(LOCK, this.lockText());
  }

  private async renewLock(): Promise<void> {
    await this.storage.write(LOCK, this.lockText());
  }

  private lockText(): string {
    const holder = `${hostname()}:${process.pid}`;
    return JSON.stringify({ holder, expiresAt: Date.now() + LOCK_LIFETIME });
  }
}
