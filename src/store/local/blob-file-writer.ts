import { createHash, type Hash } from "node:crypto";
import { close, fdatasync, fsync, ftruncate, open, read, write } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { type Digest, invalidArgument, splitDigest } from "../../spec/index.ts";
import type { BlobInfo, BlobWriter } from "../content-store.ts";

// Plain descriptors: a FileHandle that somebody forgets is an uncaught error once it is collected.
const openFile = promisify(open) as (path: string, flags: string, mode?: number) => Promise<number>;
const readFile = promisify(read);
const writeFile = promisify(write);
const syncFile = promisify(fsync);
const syncData = promisify(fdatasync);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);

export interface BlobFileTarget {
  /** Where the bytes gather. */
  partial: string;
  /** What they must be; absent: whatever their sha256 is. */
  digest?: Digest;
  size?: number;
  /** Where a blob's file belongs. */
  place: (digest: Digest) => string;
  /** Called once, however the arrival ends. */
  ended: () => unknown;
}

/** Bytes that are written at once. */
const GATHER = 1 << 20;
/** The disk is put to work each time that so many bytes have come, so that little is left for the end. */
const WRITE_BACK = 32 << 20;

/** Hashes while it writes to a partial file, which becomes the blob by a rename. */
export class BlobFileWriter implements BlobWriter {
  readonly #target: BlobFileTarget;
  readonly #file: number;
  #hash: Hash;
  #offset: number;
  #open = true;
  #buffer: Buffer | undefined;
  #gathered = 0;
  /** Bytes that the disk has not been asked to take. */
  #dirty = 0;
  #writingBack: Promise<void> | undefined;
  /** The kernel tells of a write-back that has failed once (fsync(2)). */
  #failure: { error: unknown } | undefined;

  private constructor(target: BlobFileTarget, file: number, hash: Hash, offset: number) {
    this.#target = target;
    this.#file = file;
    this.#hash = hash;
    this.#offset = offset;
  }

  /** Continues a partial file that is there, else begins one. */
  static async open(target: BlobFileTarget): Promise<BlobFileWriter> {
    const file = await openFile(target.partial, "a+", 0o600);
    const hash = newHash(target);
    let offset = 0;
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const { bytesRead } = await readFile(file, buffer, 0, buffer.length, offset);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      offset += bytesRead;
    }
    return new BlobFileWriter(target, file, hash, offset);
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { size } = this.#target;
    if (size !== undefined && this.#offset + chunk.length > size) {
      await this.abort();
      throw invalidArgument(
        `Cannot store "${this.#target.digest}": it is longer than ${size} bytes`,
      );
    }
    this.#hash.update(chunk);
    await this.#gather(chunk);
    this.#offset += chunk.length;
  }

  /** Small chunks go to the file together: each write is a trip to another thread. */
  async #gather(chunk: Uint8Array): Promise<void> {
    if (this.#gathered + chunk.length > GATHER) await this.#flush();
    if (chunk.length > GATHER) return await this.#writeAll(chunk);
    this.#buffer ??= Buffer.allocUnsafe(GATHER);
    this.#buffer.set(chunk, this.#gathered);
    this.#gathered += chunk.length;
  }

  async #flush(): Promise<void> {
    const count = this.#gathered;
    this.#gathered = 0;
    if (this.#buffer !== undefined) await this.#writeAll(this.#buffer.subarray(0, count));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await writeFile(this.#file, bytes, written, bytes.length - written)).bytesWritten;
    }
    this.#dirty += written;
    if (this.#dirty >= WRITE_BACK && this.#writingBack === undefined) this.#writeBack();
  }

  #writeBack(): void {
    this.#dirty = 0;
    this.#writingBack = syncData(this.#file)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#writingBack = undefined;
      });
  }

  async restart(): Promise<void> {
    this.#gathered = 0;
    await truncateFile(this.#file, 0);
    this.#hash = newHash(this.#target);
    this.#offset = 0;
  }

  async commit(): Promise<BlobInfo> {
    const digest = this.#finishedDigest();
    const { size } = this.#target;
    const wanted = this.#target.digest ?? digest;
    if (digest !== wanted || (size !== undefined && size !== this.#offset)) {
      const got = digest === wanted ? `${this.#offset} bytes instead of ${size}` : digest;
      await this.abort();
      throw invalidArgument(`Cannot store "${wanted}": what has arrived is ${got}`);
    }
    const place = this.#target.place(digest);
    await this.#flush();
    await this.#writingBack;
    if (this.#failure !== undefined) throw this.#failure.error;
    // The bytes are on the disk before the name is: a blob that can be seen is whole after a power loss.
    await syncFile(this.#file);
    await rename(this.#target.partial, place);
    await syncDirectory(dirname(place));
    await this.#end();
    return { digest, size: this.#offset };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    if (this.#target.digest === undefined) return await this.abort();
    try {
      await this.#flush();
    } finally {
      await this.#end();
    }
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    await rm(this.#target.partial, { force: true });
    await this.#end();
  }

  #finishedDigest(): Digest {
    const algorithm = algorithmOf(this.#target);
    return `${algorithm}:${this.#hash.digest("hex")}` as Digest;
  }

  async #end(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#writingBack;
      await closeFile(this.#file);
    } finally {
      this.#target.ended();
    }
  }
}

const algorithmOf = ({ digest }: BlobFileTarget): string =>
  digest === undefined ? "sha256" : splitDigest(digest)[0];

const newHash = (target: BlobFileTarget): Hash => createHash(algorithmOf(target));

async function syncDirectory(path: string): Promise<void> {
  const directory = await openFile(path, "r");
  try {
    await syncFile(directory);
  } finally {
    await closeFile(directory);
  }
}
