import { randomUUID } from "node:crypto";
import { type Digest, splitDigest } from "../../spec/index.ts";
import { RegistryFault } from "../registry-fault.ts";
import { blobKey, sessionKey } from "../storage/layout.ts";
import { type RegistryStorage, UploadBusy } from "../storage/registry-storage.ts";
import type { Repositories } from "./repositories.ts";

export type Algorithm = "sha256" | "sha512";

interface Session {
  readonly repository: string;
  readonly algorithm: Algorithm;
}

interface RunningHash {
  readonly hash: Bun.CryptoHasher;
  readonly algorithm: Algorithm;
  /** Bytes that are in it. */
  size: number;
}

/** Hashes of uploads that nobody goes on with are dropped at this many, oldest first. */
const MOST_HASHES = 4096;
/** Other servers begin and end uploads too, so they are counted anew from time to time. Milliseconds. */
const RECOUNT_AFTER = 60_000;
/** As much later, where the count says that nothing more may begin. Milliseconds. */
const RECOUNT_FULL_AFTER = 1000;

/** Throws where the bytes so far are too many. */
export type SizeLimit = (size: number) => void;

/**
 * Blobs that are arriving. The hash runs along in memory; where that is lost with the process, or another
 * server takes over, the bytes are read once more at the end.
 */
export class Uploads {
  private readonly hashes = new Map<string, RunningHash>();
  private unfinished = 0;
  private countedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly storage: RegistryStorage,
    private readonly repositories: Repositories,
  ) {}

  /** Throws TOOMANYREQUESTS where `most` uploads are begun and not finished. */
  async requireRoom(most: number): Promise<void> {
    const age = Date.now() - this.countedAt;
    const full = this.unfinished >= most;
    if (age > RECOUNT_AFTER || (full && age > RECOUNT_FULL_AFTER)) await this.count();
    if (this.unfinished < most) return;
    throw new RegistryFault("TOOMANYREQUESTS", "too many uploads are unfinished", {
      headers: { "Retry-After": "30" },
    });
  }

  private async count(): Promise<void> {
    this.countedAt = Date.now();
    let count = 0;
    for await (const _ of this.storage.uploads.list()) count += 1;
    this.unfinished = count;
  }

  async start(repository: string, algorithm: Algorithm = "sha256"): Promise<string> {
    const id = randomUUID();
    this.unfinished += 1;
    await this.storage.uploads.create(id);
    const session: Session = { repository, algorithm };
    await this.storage.write(sessionKey(id), JSON.stringify(session));
    this.remember(id, { hash: new Bun.CryptoHasher(algorithm), algorithm, size: 0 });
    return id;
  }

  /** Bytes so far. Throws BLOB_UPLOAD_UNKNOWN. */
  async size(repository: string, id: string): Promise<number> {
    await this.session(repository, id);
    const size = await this.storage.uploads.size(id);
    if (size === undefined) throw unknownUpload(id);
    return size;
  }

  /** Adds to the end, where `at` must be if it is given. Resolves with the new size. */
  async append(
    repository: string,
    id: string,
    source: AsyncIterable<Uint8Array>,
    options: { at?: number | undefined; limit: SizeLimit },
  ): Promise<number> {
    await this.size(repository, id);
    return await this.exclusively(id, async () => {
      const size = await this.size(repository, id);
      if (options.at !== undefined && options.at !== size) throw outOfOrder(repository, id, size);
      return await this.storage.uploads.append(id, this.hashed(id, size, source, options.limit));
    });
  }

  /** Verifies the digest and makes the upload a blob of the repository. The upload is gone then. */
  async finish(repository: string, id: string, digest: Digest): Promise<number> {
    await this.size(repository, id);
    return await this.exclusively(id, async () => {
      const { uploads } = this.storage;
      const size = await this.size(repository, id);
      await uploads.seal(id);
      const [algorithm] = splitDigest(digest) as [Algorithm, string];
      if ((await this.digest(id, algorithm, size)) !== digest) {
        await this.forget(id);
        throw new RegistryFault(
          "DIGEST_INVALID",
          "provided digest did not match uploaded content",
          { detail: { digest } },
        );
      }
      await uploads.publish(id, blobKey(digest));
      // The collector may have taken an older copy of the same blob in between.
      while (!(await this.repositories.link(repository, digest))) {
        await uploads.publish(id, blobKey(digest));
      }
      await this.forget(id);
      return size;
    });
  }

  async cancel(repository: string, id: string): Promise<void> {
    await this.size(repository, id);
    await this.exclusively(id, () => this.forget(id));
  }

  /** Removes what nobody has added to since `cutoff`. */
  async expire(cutoff: number): Promise<number> {
    let expired = 0;
    for await (const { id, modifiedAt } of this.storage.uploads.list()) {
      if (modifiedAt >= cutoff) continue;
      try {
        await this.storage.uploads.exclusively(id, () => this.forget(id));
        expired += 1;
      } catch (error) {
        if (!(error instanceof UploadBusy)) throw error;
      }
    }
    return expired;
  }

  private async forget(id: string): Promise<void> {
    this.hashes.delete(id);
    this.unfinished = Math.max(0, this.unfinished - 1);
    await this.storage.remove(sessionKey(id));
    await this.storage.uploads.remove(id);
  }

  private async session(repository: string, id: string): Promise<Session> {
    const bytes = /^[0-9a-f-]{36}$/.test(id) ? await this.storage.read(sessionKey(id)) : undefined;
    if (bytes === undefined) throw unknownUpload(id);
    const session = JSON.parse(Buffer.from(bytes).toString()) as Session;
    if (session.repository !== repository) throw unknownUpload(id);
    return session;
  }

  private async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.storage.uploads.exclusively(id, work);
    } catch (error) {
      if (!(error instanceof UploadBusy)) throw error;
      throw new RegistryFault("BLOB_UPLOAD_INVALID", "another request works at this upload", {
        status: 409,
      });
    }
  }

  private async *hashed(
    id: string,
    start: number,
    source: AsyncIterable<Uint8Array>,
    limit: SizeLimit,
  ): AsyncGenerator<Uint8Array> {
    const running = this.hashes.get(id);
    const fits = running !== undefined && running.size === start;
    if (!fits) this.hashes.delete(id);
    let size = start;
    for await (const chunk of source) {
      size += chunk.length;
      limit(size);
      if (fits) {
        running.hash.update(chunk);
        running.size = size;
      }
      yield chunk;
    }
  }

  private async digest(id: string, algorithm: Algorithm, size: number): Promise<Digest> {
    const running = this.hashes.get(id);
    if (running !== undefined && running.size === size && running.algorithm === algorithm) {
      return `${algorithm}:${running.hash.copy().digest("hex")}` as Digest;
    }
    const hash = new Bun.CryptoHasher(algorithm);
    for await (const chunk of this.storage.uploads.read(id)) hash.update(chunk);
    return `${algorithm}:${hash.digest("hex")}` as Digest;
  }

  private remember(id: string, running: RunningHash): void {
    this.hashes.set(id, running);
    const [oldest] = this.hashes.keys();
    if (this.hashes.size > MOST_HASHES && oldest !== undefined) this.hashes.delete(oldest);
  }
}

function unknownUpload(id: string): RegistryFault {
  return new RegistryFault("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", {
    detail: id.slice(0, 100),
  });
}

function outOfOrder(repository: string, id: string, size: number): RegistryFault {
  return new RegistryFault(
    "BLOB_UPLOAD_INVALID",
    "the chunk does not begin where the upload ends",
    {
      status: 416,
      headers: {
        Location: `/v2/${repository}/blobs/uploads/${id}`,
        Range: `0-${Math.max(0, size - 1)}`,
        "Docker-Upload-UUID": id,
      },
    },
  );
}
