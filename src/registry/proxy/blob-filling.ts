import { isErrno } from "../storage/file/errno.ts";
import type { ByteRange, ObjectBody } from "../storage/registry-storage.ts";

/** Where a blob's bytes can be read while and after they arrive. */
export interface FillingPlaces {
  /** From byte `start` to what has arrived; undefined where the storage cannot read unfinished uploads. */
  readonly unfinished: ((start: number) => AsyncIterable<Uint8Array>) | undefined;
  finished(range: ByteRange): Promise<ObjectBody>;
}

/**
 * One download of a blob that any number of clients follow, each at its own speed. A slow client does not
 * slow the download and none keeps more than a piece of the blob in memory.
 */
export class BlobFilling {
  private progress = Promise.withResolvers<void>();
  private finished = false;
  private readonly done: Promise<void>;

  constructor(
    readonly size: number,
    private readonly places: FillingPlaces,
    run: (onProgress: () => void) => Promise<void>,
  ) {
    this.done = run(() => this.wake()).finally(() => {
      this.finished = true;
      this.wake();
    });
    // Followers see the failure; without any it is nobody's.
    this.done.catch(() => {});
  }

  /** Resolves when the blob is verified and stored; rejects when it is not to be had. */
  async settled(): Promise<void> {
    await this.done;
  }

  async body(range: ByteRange = { start: 0, end: this.size - 1 }): Promise<ObjectBody> {
    const { unfinished } = this.places;
    if (unfinished === undefined || this.finished || this.size === 0) {
      await this.done;
      return await this.places.finished(range);
    }
    return this.follow(range, unfinished);
  }

  /** The last byte is held back until the digest is verified: nobody gets a wrong blob as a whole one. */
  private async *follow(
    range: ByteRange,
    unfinished: (start: number) => AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    let at = range.start;
    while (!this.finished && at < range.end) {
      const next = this.progress.promise;
      try {
        for await (const chunk of unfinished(at)) {
          const piece = chunk.subarray(0, range.end - at);
          at += piece.length;
          if (piece.length > 0) yield piece;
          if (at >= range.end) break;
        }
      } catch (error) {
        // It has just become a blob.
        if (!isErrno(error, "ENOENT")) throw error;
        break;
      }
      if (!this.finished && at < range.end) await next;
    }
    await this.done;
    yield* await this.places.finished({ start: at, end: range.end });
  }

  private wake(): void {
    this.progress.resolve();
    this.progress = Promise.withResolvers<void>();
  }
}
