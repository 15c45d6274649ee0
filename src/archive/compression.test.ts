import { expect, test } from "bun:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { decompress, detectCompression, gzip, zstd } from "./compression.ts";

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}
const collect = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(stream, (chunk) => Buffer.from(chunk)));

const data = Buffer.from("some text, ".repeat(100_000));

test("decompress() finds out what it reads", async () => {
  const two = Buffer.concat([gzipSync(data.subarray(0, 1000)), gzipSync(data.subarray(1000))]);
  for (const bytes of [data, gzipSync(data), two, zstdCompressSync(data)]) {
    for (const size of [1 << 20, 997, 3]) {
      if (size === 3 && bytes === data) continue;
      expect((await collect(decompress(inChunks(bytes, size)))).equals(data)).toBe(true);
    }
  }
  expect(await collect(decompress(inChunks(Buffer.from("ab"), 1)))).toEqual(Buffer.from("ab"));
  expect(await collect(decompress(inChunks(Buffer.alloc(0), 1)))).toHaveLength(0);
});

test("decompress() refuses what is cut off, broken, or too exotic", async () => {
  const zipped = gzipSync(data);
  const broken = Buffer.from(zipped);
  broken.fill(0xff, 200, 300);
  const zstd = Buffer.from(zstdCompressSync(data));
  zstd.fill(0xff, 20, 60);
  for (const bytes of [zipped.subarray(0, 1000), broken, zstd]) {
    await expect(collect(decompress(inChunks(bytes, 500)))).rejects.toThrow(
      "Cannot read the archive",
    );
  }
  const xz = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]);
  await expect(collect(decompress(inChunks(xz, 6)))).rejects.toThrow("xz compression");
});

test("decompress() hands on the error of its source", async () => {
  const source = async function* () {
    yield gzipSync(data).subarray(0, 1000);
    throw new Error("the line went dead");
  };
  await expect(collect(decompress(source()))).rejects.toThrow("the line went dead");
});

test("decompress() tells its source when the reader stops early", async () => {
  let closed = false;
  const source = async function* () {
    try {
      for (;;) yield gzipSync(data);
    } finally {
      closed = true;
    }
  };
  for await (const _ of decompress(source())) break;
  await Bun.sleep(0);
  expect(closed).toBe(true);
});

test("gzip() compresses as hard as told", async () => {
  const noise = Buffer.from(Array.from({ length: 200_000 }, (_, i) => ((i * i) % 251) & 63));
  const fast = await collect(gzip(inChunks(noise, 5000), 1));
  const small = await collect(gzip(inChunks(noise, 5000), 9));
  expect(gunzipSync(fast).equals(noise)).toBe(true);
  expect(small.length).toBeLessThan(fast.length);
  expect(detectCompression(small)).toBe("gzip");
});

test("zstd() compresses as hard as told", async () => {
  const fast = await collect(zstd(inChunks(data, 5000), 1));
  const small = await collect(zstd(inChunks(data, 5000), 19));
  expect(detectCompression(fast)).toBe("zstd");
  expect((await collect(decompress(inChunks(small, 997)))).equals(data)).toBe(true);
  expect(small.length).toBeLessThanOrEqual(fast.length);
});
