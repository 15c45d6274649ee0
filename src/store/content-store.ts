import type { Digest } from "../spec/index.ts";

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes, as stored (compressed if it came so). */
  readonly size: number;
}

/** A blob that is arriving. Exactly one of `commit`, `close` and `abort` ends it. */
export interface BlobWriter {
  /** Bytes that are already there, from an earlier attempt too: a download continues from here. */
  readonly offset: number;
  /** Appends; resolves when the next chunk may come. The chunk may be reused afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** Throws away what has arrived and begins again at 0 (the server did not honour a range). */
  restart(): Promise<void>;
  /**
   * Verifies digest and size, makes the blob durable and visible at once. A blob that is not what it was
   * to be throws `invalid-argument` and is thrown away, so that the next attempt begins at 0.
   */
  commit(): Promise<BlobInfo>;
  /** Ends the attempt and keeps what has arrived for the next one. Idempotent, also after `commit`. */
  close(): Promise<void>;
  /** Ends the attempt and throws away what has arrived. */
  abort(): Promise<void>;
}

/** Immutable bytes, named by their digest. A blob that can be seen is whole, verified and durable. */
export interface ContentStore {
  stat(digest: Digest): BlobInfo | undefined;
  /** Where the blob's file is (or would be). Read it, never write it. */
  path(digest: Digest): string;
  /** The whole blob, for manifests and configurations. `not-found`. */
  read(digest: Digest): Uint8Array;
  /** Streams the blob, from `start` on. `not-found` at once, not at the first read. */
  open(digest: Digest, start?: number): AsyncIterable<Uint8Array>;
  /** Stores a small blob. Idempotent. */
  put(bytes: Uint8Array | string): Promise<BlobInfo>;
  /**
   * Begins or continues the arrival of a known digest. While somebody else writes the same digest it
   * waits for them; `undefined` means that the blob is there by now and nothing need be written.
   */
  ingest(
    digest: Digest,
    options?: { size?: number; signal?: AbortSignal },
  ): Promise<BlobWriter | undefined>;
  /** For content whose sha256 is known only at its end; `close` throws it away. */
  create(): Promise<BlobWriter>;
  /** False when it was not there. The caller has made sure that nothing refers to it. */
  remove(digest: Digest): boolean;
  list(): BlobInfo[];
  /**
   * Protects a blob from garbage collection until released, whether it is there yet or not: hold before
   * you download, release when a record refers to it. Holds end with the process.
   */
  hold(digest: Digest): Disposable;
}
