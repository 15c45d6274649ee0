import { pipeline, Readable, type Transform } from "node:stream";
import {
  constants,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";
import { invalidArgument } from "../spec/index.ts";

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

const MAGIC: readonly [Compression, readonly number[]][] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** By magic number; `none` for everything else. Wants the first 6 bytes. */
export function detectCompression(start: Uint8Array): Compression {
  const match = MAGIC.find(([, magic]) => magic.every((byte, index) => start[index] === byte));
  if (match !== undefined) return match[0];
  // zstd streams may begin with a skippable frame (RFC 8878, 3.1.2).
  const [first = 0, second, third, fourth] = start;
  const skippable = (first & 0xf0) === 0x50 && second === 0x2a && third === 0x4d;
  return skippable && fourth === 0x18 ? "zstd" : "none";
}

const CHUNK = 256 * 1024;

/**
 * The uncompressed bytes of a stream, whichever compression its first bytes show. A zstd stream that is cut
 * off ends early without an error, so a reader that must know compares a digest or a size.
 */
export async function* decompress(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const iterator = stream[Symbol.asyncIterator]();
  const start = await firstBytes(iterator, 6);
  const whole = prepend(start, iterator);
  const compression = detectCompression(start);
  if (compression === "none") yield* whole;
  else if (compression === "gzip") yield* transform(whole, createGunzip({ chunkSize: CHUNK }));
  else if (compression === "zstd") {
    yield* transform(whole, createZstdDecompress({ chunkSize: CHUNK }));
  } else {
    await iterator.return?.();
    throw invalidArgument(
      `Cannot read the archive: ${compression} compression is not supported, use gzip or zstd`,
    );
  }
}

/** Compresses. `level` 1-9, default 6. */
export async function* gzip(
  stream: AsyncIterable<Uint8Array>,
  level = 6,
): AsyncGenerator<Uint8Array, void> {
  yield* transform(stream, createGzip({ level, chunkSize: CHUNK }));
}

/** Compresses (RFC 8878). `level` 1-22, default 3. */
export async function* zstd(
  stream: AsyncIterable<Uint8Array>,
  level = 3,
): AsyncGenerator<Uint8Array, void> {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  yield* transform(stream, createZstdCompress({ params, chunkSize: CHUNK }));
}

async function firstBytes(iterator: AsyncIterator<Uint8Array>, count: number): Promise<Buffer> {
  let start = Buffer.alloc(0);
  while (start.length < count) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  return start;
}

async function* prepend(
  start: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  try {
    if (start.length > 0) yield start;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function* transform(
  stream: AsyncIterable<Uint8Array>,
  through: Transform,
): AsyncGenerator<Uint8Array, void> {
  // The source's own error says more than the abort that it causes in the transform.
  let sourceError: Error | undefined;
  const source = Readable.from(stream, { objectMode: false });
  source.once("error", (error) => {
    sourceError = error;
  });
  pipeline(source, through, () => {});
  try {
    for await (const chunk of through) yield chunk as Uint8Array;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    const why = error instanceof Error ? error.message : String(error);
    throw invalidArgument(`Cannot read the archive: ${why}`, error);
  } finally {
    source.destroy();
    through.destroy();
  }
}
