import { randomBytes } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { type Digest, notFound, sha256, splitDigest } from "../../spec/index.ts";
import type { BlobInfo, BlobWriter, ContentStore } from "../content-store.ts";
import { BlobFileWriter } from "./blob-file-writer.ts";
import { Holds } from "./holds.ts";
import type { StorePaths } from "./store-paths.ts";

const ALGORITHMS = ["sha256", "sha512"] as const;
/** What arrived of blobs whose download was given up: how much of it waits for another try. */
const MAX_PARTIALS = 32;
const MAX_PARTIAL_BYTES = 10 * 2 ** 30;
const MAX_PARTIAL_AGE = 7 * 24 * 3600 * 1000;
const NAMELESS = ".new";

export class FileContentStore implements ContentStore {
  readonly #paths: StorePaths;
  /** Digests that are arriving, with the end of their writer. */
  readonly #arriving = new Map<Digest, Promise<void>>();
  /** Partial files that this process is writing without knowing their digest. */
  readonly #nameless = new Set<string>();
  readonly #holds = new Holds<Digest>();

  constructor(paths: StorePaths) {
    this.#paths = paths;
    mkdirSync(paths.ingest, { recursive: true, mode: 0o700 });
    for (const algorithm of ALGORITHMS) {
      mkdirSync(join(paths.blobs, algorithm), { recursive: true, mode: 0o700 });
    }
  }

  stat(digest: Digest): BlobInfo | undefined {
    const status = statSync(this.path(digest), { throwIfNoEntry: false });
    return status === undefined ? undefined : { digest, size: status.size };
  }

  path(digest: Digest): string {
    return this.#paths.blob(digest);
  }

  read(digest: Digest): Uint8Array {
    try {
      return readFileSync(this.path(digest));
    } catch (error) {
      if (isErrno(error, Errno.ENOENT)) throw missing(digest);
      throw error;
    }
  }

  open(digest: Digest, start = 0): AsyncIterable<Uint8Array> {
    if (this.stat(digest) === undefined) throw missing(digest);
    return createReadStream(this.path(digest), { start, highWaterMark: 256 * 1024 });
  }

  async put(bytes: Uint8Array | string): Promise<BlobInfo> {
    const digest = sha256(bytes);
    const size = Buffer.byteLength(bytes);
    const writer = await this.ingest(digest, { size });
    if (writer !== undefined) {
      if (writer.offset > 0) await writer.restart();
      await writer.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
      await writer.commit();
    }
    return { digest, size };
  }

  async ingest(
    digest: Digest,
    { size, signal }: { size?: number; signal?: AbortSignal } = {},
  ): Promise<BlobWriter | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const other = this.#arriving.get(digest);
      if (other === undefined) break;
      await raceAbort(other, signal);
    }
    if (this.stat(digest) !== undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#arriving.set(digest, promise);
    const ended = () => {
      this.#arriving.delete(digest);
      resolve();
    };
    try {
      const partial = join(this.#paths.ingest, splitDigest(digest).join("-"));
      const writer = await BlobFileWriter.open({
        partial,
        digest,
        ...(size === undefined ? {} : { size }),
        place: (finished) => this.path(finished),
        ended,
      });
      // More than there can be: what is left of something else.
      if (size !== undefined && writer.offset > size) await writer.restart();
      return writer;
    } catch (error) {
      ended();
      throw error;
    }
  }

  create(): Promise<BlobWriter> {
    const name = `${randomBytes(8).toString("hex")}${NAMELESS}`;
    this.#nameless.add(name);
    return BlobFileWriter.open({
      partial: join(this.#paths.ingest, name),
      place: (digest) => this.path(digest),
      ended: () => this.#nameless.delete(name),
    });
  }

  remove(digest: Digest): boolean {
    try {
      unlinkSync(this.path(digest));
      return true;
    } catch (error) {
      if (isErrno(error, Errno.ENOENT)) return false;
      throw error;
    }
  }

  list(): BlobInfo[] {
    return ALGORITHMS.flatMap((algorithm) =>
      readdirSync(join(this.#paths.blobs, algorithm)).flatMap((hex) => {
        const info = this.stat(`${algorithm}:${hex}` as Digest);
        return info === undefined ? [] : [info];
      }),
    );
  }

  hold(digest: Digest): Disposable {
    return this.#holds.hold(digest);
  }

  isHeld(digest: Digest): boolean {
    return this.#holds.has(digest) || this.#arriving.has(digest);
  }

  /** Milliseconds since the blob was stored. */
  age(digest: Digest): number {
    const status = statSync(this.path(digest), { throwIfNoEntry: false });
    return status === undefined ? 0 : Date.now() - status.mtimeMs;
  }

  /** Drops partial files that nobody can continue, and the oldest beyond the bounds. */
  trimPartials(): void {
    const partials = readdirSync(this.#paths.ingest)
      .filter((name) => !this.#nameless.has(name))
      .filter((name) => !this.#arriving.has(name.replace("-", ":") as Digest))
      .map((name) => join(this.#paths.ingest, name))
      .map((path) => ({ path, status: statSync(path), lost: path.endsWith(NAMELESS) }))
      .sort((a, b) => b.status.mtimeMs - a.status.mtimeMs);
    let bytes = 0;
    partials
      .filter(({ lost }) => !lost)
      .forEach((partial, index) => {
        bytes += partial.status.size;
        const old = Date.now() - partial.status.mtimeMs > MAX_PARTIAL_AGE;
        partial.lost = old || index >= MAX_PARTIALS || bytes > MAX_PARTIAL_BYTES;
      });
    for (const { path, lost } of partials) if (lost) rmSync(path, { force: true });
  }
}

const missing = (digest: Digest): Error =>
  notFound(`Cannot read "${digest}": no such blob in the content store`);

function raceAbort(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  work.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener("abort", abort));
}
