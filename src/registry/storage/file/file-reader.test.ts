import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileReader } from "./file-reader.ts";

let directory: string;
let path: string;
const bytes = randomBytes(1_700_003);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-reader-"));
  path = join(directory, "file");
  await writeFile(path, bytes);
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of source) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

describe("FileReader", () => {
  test("reads all and ranges", async () => {
    const reader = new FileReader();
    expect((await whole(reader.read(path))).equals(bytes)).toBe(true);
    for (const [start, end] of [
      [0, 0],
      [5, 600_000],
      [bytes.length - 1, bytes.length - 1],
    ] as const) {
      const part = await whole(reader.read(path, { start, end }));
      expect(part.equals(bytes.subarray(start, end + 1))).toBe(true);
    }
    await writeFile(join(directory, "empty"), "");
    expect(await whole(reader.read(join(directory, "empty")))).toHaveLength(0);
  });

  test("many readers have smaller pieces", async () => {
    const reader = new FileReader();
    const sizes: number[] = [];
    const sources = Array.from({ length: 100 }, () => reader.read(path));
    for (const source of sources) sizes.push((await source.next()).value?.length ?? 0);
    expect(sizes[0]).toBe(512 << 10);
    expect(sizes.at(-1)).toBeLessThan(200 << 10);
    for (const source of sources) await source.return(undefined);
    const alone = reader.read(path);
    expect((await alone.next()).value).toHaveLength(512 << 10);
    await alone.return(undefined);
  });

  test("a file that becomes shorter is an error", async () => {
    const short = join(directory, "short");
    await writeFile(short, bytes);
    const source = new FileReader().read(short);
    await source.next();
    await truncate(short, 1000);
    const next = source.next();
    expect(next).rejects.toThrow("shorter");
    await next.catch(() => {});
  });
});
