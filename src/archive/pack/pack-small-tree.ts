import type { PackOptions } from "../tree-options.ts";
import type { PackOutput } from "./output-buffer.ts";
import { Packing } from "./packing.ts";
import { TarSink } from "./tar-sink.ts";

/** What is packed here: enough for what most build steps write. Bytes of tar. */
const LIMIT = 512 * 1024;

/**
 * `packTree` for a tree that nobody changes meanwhile, without a process of its own: the whole tar, or
 * `undefined` where it would be larger than half a MiB. Symlinks are not followed. Blocks for a few milliseconds.
 */
export function packSmallTree(
  root: string,
  options: Pick<PackOptions, "mode" | "notAfter"> = {},
): Uint8Array | undefined {
  const output = new SmallOutput();
  try {
    new Packing(options, new TarSink(output), root).run();
    return output.bytes();
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

class TooLarge extends Error {}

class SmallOutput implements PackOutput {
  #buffer = new Uint8Array(new ArrayBuffer(16 * 1024));
  #used = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#used);
  }

  write(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  fill(read: (space: Uint8Array) => number): number {
    this.#reserve(8 * 1024);
    const count = read(this.#buffer.subarray(this.#used));
    this.#used += count;
    return count;
  }

  zeros(count: number): void {
    this.#reserve(count);
    this.#used += count;
  }

  flush(): void {}

  #reserve(count: number): void {
    const needed = this.#used + count;
    if (needed > LIMIT) throw new TooLarge();
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(new ArrayBuffer(Math.max(needed, this.#buffer.length * 4)));
    larger.set(this.bytes());
    this.#buffer = larger;
  }
}
