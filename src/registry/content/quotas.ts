import type { Digest } from "../../spec/index.ts";
import { RegistryFault } from "../registry-fault.ts";
import { blobKey, keyDigest } from "../storage/layout.ts";
import type { RegistryStorage } from "../storage/registry-storage.ts";
import type { Repositories } from "./repositories.ts";

export interface Quota {
  /** The quota holds for the repository of this name and for all below it; empty: for all. */
  readonly namespace: string;
  /** Of blobs, each counted once in the namespace. */
  readonly bytes: number;
}

interface Usage {
  readonly countedAt: number;
  readonly blobs: Map<Digest, number>;
}

/** Other servers push too, so the count is taken anew from time to time. Milliseconds. */
const RECOUNT_AFTER = 60_000;

/** How much each namespace may hold. */
export class Quotas {
  private readonly usages = new Map<string, Promise<Usage>>();

  constructor(
    private readonly quotas: readonly Quota[],
    private readonly repositories: Repositories,
    private readonly storage: RegistryStorage,
  ) {}

  /** Bytes that a blob for this repository may still have. */
  async room(name: string): Promise<number> {
    let room = Number.POSITIVE_INFINITY;
    for (const quota of this.quotasOf(name)) {
      room = Math.min(room, quota.bytes - total(await this.usage(quota)));
    }
    return room;
  }

  /** Throws DENIED where nothing more fits; a blob that the namespace has already takes no room. */
  async requireRoom(name: string, digest?: Digest, size = 1): Promise<void> {
    for (const quota of this.quotasOf(name)) {
      const usage = await this.usage(quota);
      if (digest !== undefined && usage.blobs.has(digest)) continue;
      if (total(usage) + size > quota.bytes) throw this.exceeded(name);
    }
  }

  /** A blob has come into a repository. */
  added(name: string, digest: Digest): void {
    for (const quota of this.quotasOf(name)) {
      const usage = this.usages.get(quota.namespace);
      if (usage !== undefined) this.usages.set(quota.namespace, this.withBlob(usage, digest));
    }
  }

  /** Something has gone: the next one who asks counts again. */
  forget(): void {
    this.usages.clear();
  }

  exceeded(name: string): RegistryFault {
    const detail = this.quotasOf(name).map(({ namespace, bytes }) => ({ namespace, bytes }));
    return new RegistryFault("DENIED", `the quota of "${name}" is exhausted`, { detail });
  }

  private quotasOf(name: string): readonly Quota[] {
    return this.quotas.filter(({ namespace }) => isWithin(name, namespace));
  }

  private async usage(quota: Quota): Promise<Usage> {
    const known = this.usages.get(quota.namespace);
    if (known !== undefined && (await known).countedAt > Date.now() - RECOUNT_AFTER) {
      return await known;
    }
    const counting = this.count(quota);
    this.usages.set(quota.namespace, counting);
    return await counting;
  }

  private async count({ namespace }: Quota): Promise<Usage> {
    const blobs = new Map<Digest, number>();
    const countedAt = Date.now();
    for (const name of await this.repositories.names()) {
      if (!isWithin(name, namespace)) continue;
      for await (const { key } of this.repositories.blobs(name)) {
        const digest = keyDigest(key);
        if (!blobs.has(digest)) blobs.set(digest, await this.sizeOf(digest));
      }
    }
    return { countedAt, blobs };
  }

  private async withBlob(usage: Promise<Usage>, digest: Digest): Promise<Usage> {
    const { blobs, countedAt } = await usage;
    blobs.set(digest, await this.sizeOf(digest));
    return { blobs, countedAt };
  }

  private async sizeOf(digest: Digest): Promise<number> {
    return (await this.storage.stat(blobKey(digest)))?.size ?? 0;
  }
}

function isWithin(name: string, namespace: string): boolean {
  return namespace === "" || name === namespace || name.startsWith(`${namespace}/`);
}

function total({ blobs }: Usage): number {
  let sum = 0;
  for (const size of blobs.values()) sum += size;
  return sum;
}
