import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../spec/index.ts";
import type { Collection, RecordStore } from "../../store/index.ts";

export interface CacheMountRecord {
  /** As the Dockerfile names it. */
  readonly id: string;
  /** Its directory's name. */
  readonly key: string;
  readonly createdAt: string;
  lastUsedAt: string;
  uses: number;
}

export interface CacheMountRequest {
  readonly id: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Fills a new, empty directory. */
  readonly fill?: (directory: string) => Promise<void>;
}

export interface AcquiredCacheMount {
  readonly directory: string;
  release(): void;
}

/** Directories of `RUN --mount=type=cache`: they outlive builds, and are no part of any tree. */
export class CacheMounts {
  readonly #records: Collection<CacheMountRecord>;
  readonly #root: string;
  /** Steps that use a directory now. */
  readonly #users = new Map<string, number>();
  /** Ends of `locked` uses, each one waiting for the one before it. */
  readonly #queues = new Map<string, Promise<void>>();

  /** `root`: a directory on the file system of the data root. */
  constructor(records: RecordStore, root: string) {
    this.#records = records.collection("build-cache-mounts");
    this.#root = root;
  }

  list(): CacheMountRecord[] {
    return this.#records.all();
  }

  directory(key: string): string {
    return join(this.#root, key);
  }

  isInUse(key: string): boolean {
    return (this.#users.get(key) ?? 0) > 0;
  }

  /** `locked` waits for who has it. */
  async acquire(request: CacheMountRequest, signal: AbortSignal): Promise<AcquiredCacheMount> {
    const key = sha256(request.id).slice("sha256:".length);
    if (request.sharing === "locked") return await this.#locked(key, request, signal);
    if (request.sharing === "shared") return await this.#use(key, request);
    let free = key;
    for (let number = 1; this.isInUse(free); number++) free = `${key}-${number}`;
    return await this.#use(free, request);
  }

  async #locked(
    key: string,
    request: CacheMountRequest,
    signal: AbortSignal,
  ): Promise<AcquiredCacheMount> {
    const before = this.#queues.get(key) ?? Promise.resolve();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const queue = before.then(() => ended);
    this.#queues.set(key, queue);
    try {
      await abortable(before, signal);
      const used = await this.#use(key, request);
      return {
        directory: used.directory,
        release: () => {
          used.release();
          end();
        },
      };
    } catch (error) {
      end();
      throw error;
    } finally {
      void queue.then(() => this.#queues.get(key) === queue && this.#queues.delete(key));
    }
  }

  async #use(key: string, request: CacheMountRequest): Promise<AcquiredCacheMount> {
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#users.set(key, (this.#users.get(key) ?? 1) - 1);
    };
    try {
      const directory = this.directory(key);
      if (!existsSync(directory)) await this.#make(directory, request);
      this.#note(key, request.id);
      return { directory, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** It appears filled. */
  async #make(directory: string, request: CacheMountRequest): Promise<void> {
    const temporary = `${directory}.new-${crypto.randomUUID()}`;
    mkdirSync(temporary, { recursive: true });
    chownSync(temporary, request.uid, request.gid);
    chmodSync(temporary, request.mode);
    try {
      await request.fill?.(temporary);
      if (!existsSync(directory)) renameSync(temporary, directory);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  #note(key: string, id: string): void {
    const now = new Date().toISOString();
    const before = this.#records.get(key);
    const { createdAt, uses } = before ?? { createdAt: now, uses: 0 };
    this.#records.put(key, { id, key, createdAt, lastUsedAt: now, uses: uses + 1 });
  }

  /** False while a step uses it. */
  async remove(key: string): Promise<boolean> {
    if (this.isInUse(key)) return false;
    this.#records.delete(key);
    const aside = `${this.directory(key)}.gone-${crypto.randomUUID()}`;
    try {
      renameSync(this.directory(key), aside);
    } catch {
      return true;
    }
    await rm(aside, { recursive: true, force: true });
    return true;
  }
}

async function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
