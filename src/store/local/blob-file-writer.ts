import { createHash, type Hash } from "node:crypto";
import { close, fsync, ftruncate, open, read, write } from "node:fs";
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

/** Hashes while it writes to a partial file, which becomes the blob by a rename. */
export class BlobFileWriter implements BlobWriter {
  readonly #target: BlobFileTarget;
  readonly #file: number;
  #hash: Hash;
  #offset: number;
  #open = true;

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
    let written = 0;
    while (written < chunk.length) {
      const rest = chunk.subarray(written);
      written += (await writeFile(this.#file, rest)).bytesWritten;
    }
    this.#offset += chunk.length;
  }

  async restart(): Promise<void> {
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
    // The bytes are on the disk before the name is: a blob that can be seen is whole after a power loss.
    await syncFile(this.#file);
    await rename(this.#target.partial, place);
    await syncDirectory(dirname(place));
    await this.#end();
    return { digest, size: this.#offset };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    if (this.#target.digest === undefined) await this.abort();
    else await this.#end();
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
