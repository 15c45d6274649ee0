/** Where a TarReader takes its bytes from. */
export interface MemberSource {
  /** The next `count` bytes if they are at hand, without waiting. Valid until the next call. */
  takeBuffered(count: number): Buffer | undefined;
  /** The next `count` bytes; fewer only at the end. Valid until the next call. */
  take(count: number): Promise<Buffer>;
  /** Some of the next bytes, `limit` at most; empty at the end. Valid until the next call. */
  some(limit: number): Promise<Buffer>;
  /** Reads to the end and drops it. */
  drain(): Promise<void>;
  /**
   * Of a file: passes over bytes that are not at hand, and returns their position. Undefined if they are
   * at hand.
   */
  takeRange?(count: number): number | undefined;
}

/** Takes exact amounts out of a stream of chunks; copies only what straddles a chunk's end. */
export class ByteSource implements MemberSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next `count` bytes if they are at hand, without waiting. Valid until the next call. */
  takeBuffered(count: number): Buffer | undefined {
    const end = this.#at + count;
    if (end > this.#buffer.length) return undefined;
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** The next `count` bytes; fewer only at the end of the stream. Valid until the next call. */
  async take(count: number): Promise<Buffer> {
    const buffered = this.takeBuffered(count);
    if (buffered !== undefined) return buffered;
    const parts = [this.#buffer.subarray(this.#at)];
    let have = this.#buffer.length - this.#at;
    while (have < count && (await this.#fill())) {
      parts.push(this.#buffer);
      have += this.#buffer.length;
    }
    const joined = Buffer.concat(parts);
    this.#buffer = joined;
    this.#at = Math.min(count, joined.length);
    return joined.subarray(0, this.#at);
  }

  /** Some of the next bytes, `limit` at most; empty at the end of the stream. Valid until the next call. */
  async some(limit: number): Promise<Buffer> {
    while (this.#at === this.#buffer.length) {
      if (!(await this.#fill())) return this.#buffer.subarray(this.#at);
    }
    const end = Math.min(this.#at + limit, this.#buffer.length);
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** Reads to the end of the stream and drops it. */
  async drain(): Promise<void> {
    while (await this.#fill());
  }

  /** Replaces the buffer by the next chunk; false at the end. */
  async #fill(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    this.#at = 0;
    this.#buffer =
      done === true
        ? Buffer.alloc(0)
        : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return done !== true;
  }
}
