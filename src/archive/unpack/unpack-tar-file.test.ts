import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../spec/index.ts";
import { encodeEntry, endOfArchive, paddingFor, tarEntry } from "../tar/encode.ts";
import { unpackTarFile } from "./unpack-tar.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-unpack-file-"));
  await mkdir(join(directory, "root"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const member = (path: string, content: Buffer) => [
  encodeEntry(tarEntry({ path, size: content.length, mode: 0o640 })),
  content,
  paddingFor(content.length),
];

async function unpack(tar: Uint8Array) {
  const path = join(directory, "archive.tar");
  await writeFile(path, tar);
  const file = { path, digest: sha256(tar), size: tar.length };
  return await unpackTarFile(file, join(directory, "root"), { mode: "layer" });
}

describe("unpackTarFile()", () => {
  test("unpacks members of every size, those that straddle a read too", async () => {
    const sizes = [0, 1, 511, 512, 513, 65_023, 65_536, 65_537, 200_000, 3, 1_000_001];
    const contents = sizes.map((size, index) => Buffer.alloc(size, 65 + index));
    const members = contents.flatMap((content, index) => member(`dir/file${index}`, content));
    const tar = Buffer.concat([...members, endOfArchive]);
    expect(await unpack(tar)).toMatchObject({
      digest: sha256(tar),
      tarSize: tar.length,
      files: sizes.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    });
    for (const [index, content] of contents.entries()) {
      const unpacked = await readFile(join(directory, `root/dir/file${index}`));
      expect(unpacked.equals(content)).toBe(true);
    }
  });

  test("refuses an archive that ends within a member", async () => {
    const tar = Buffer.concat(member("large", Buffer.alloc(300_000)));
    for (const length of [600, 70_000, 299_000]) {
      await expect(unpack(tar.subarray(0, length))).rejects.toThrow(
        "it ends in the middle of a member",
      );
    }
  });

  test("is killed by its signal", async () => {
    const tar = Buffer.concat([...member("file", Buffer.alloc(10)), endOfArchive]);
    const path = join(directory, "archive.tar");
    await writeFile(path, tar);
    const file = { path, digest: sha256(tar), size: tar.length };
    const options = { mode: "layer", signal: AbortSignal.abort(new Error("enough")) } as const;
    await expect(unpackTarFile(file, join(directory, "root"), options)).rejects.toThrow("enough");
  });
});
