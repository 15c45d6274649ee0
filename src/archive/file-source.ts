import { readAt } from "../linux/copy-range.ts";
import type { MemberSource } from "./byte-source.ts";

const READ_SIZE = 64 * 1024;

/** The bytes of an open file, whose ranges can be taken without being read. */
export class FileSource implements MemberSource {
  readonly #fd: number;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  /** The file's position behind the buffer. */
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Passes over bytes that are not all at hand; returns where they begin. Undefined if they are at hand. */
  takeRange(count: number): number | undefined {
    if (this.#at + count <= this.#buffer.length) return undefined;
    const start = this.#end - (this.#buffer.length - this.#at);
    this.#end = start + count;
    this.#buffer = Buffer.alloc(0);
    this.#at = 0;
    return start;
  }

  takeBuffered(count: number): Buffer | undefined {
    const end = this.#at + count;
    if (end > this.#buffer.length) return undefined;
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  async take(count: number): Promise<Buffer> {
    const buffered = this.takeBuffered(count);
    if (buffered !== undefined) return buffered;
    const parts = [this.#buffer.subarray(this.#at)];
    let have = this.#buffer.length - this.#at;
    while (have < count && this.#fill()) {
      parts.push(this.#buffer);
      have += this.#buffer.length;
    }
    this.#buffer = Buffer.concat(parts);
    this.#at = Math.min(count, this.#buffer.length);
    return this.#buffer.subarray(0, this.#at);
  }

  async some(limit: number): Promise<Buffer> {
    if (this.#at === this.#buffer.length && !this.#fill()) return Buffer.alloc(0);
    const end = Math.min(this.#at + limit, this.#buffer.length);
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** What follows the archive's end in a file is of no matter. */
  async drain(): Promise<void> {}

  #fill(): boolean {
    // A new one each time: callers hold the last until their next call.
    const buffer = new Uint8Array(new ArrayBuffer(READ_SIZE));
    const count = readAt(this.#fd, buffer, this.#end);
    this.#end += count;
    this.#buffer = Buffer.from(buffer.buffer, 0, count);
    this.#at = 0;
    return count > 0;
  }
}
