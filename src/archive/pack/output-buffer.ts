import { writeAll } from "../../linux/file.ts";

const CAPACITY = 256 * 1024;

/** Where a tar is written to. */
export interface PackOutput {
  write(bytes: Uint8Array): void;
  /** Lets `read` put bytes straight into the free space; returns how many it said there were. */
  fill(read: (space: Uint8Array) => number): number;
  zeros(count: number): void;
  flush(): void;
}

/** Gathers small pieces into large writes to a descriptor. */
export class OutputBuffer implements PackOutput {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(new ArrayBuffer(CAPACITY));
  #used = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > CAPACITY - this.#used) this.flush();
    if (bytes.length > CAPACITY) writeAll(this.#fd, bytes);
    else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  fill(read: (space: Uint8Array) => number): number {
    if (this.#used > CAPACITY / 2) this.flush();
    const count = read(this.#buffer.subarray(this.#used));
    this.#used += count;
    return count;
  }

  zeros(count: number): void {
    let left = count;
    while (left > 0) {
      left -= this.fill((space) => {
        const length = Math.min(left, space.length);
        space.fill(0, 0, length);
        return length;
      });
    }
  }

  flush(): void {
    writeAll(this.#fd, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}
