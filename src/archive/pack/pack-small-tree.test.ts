import { afterAll, expect, test } from "bun:test";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packSmallTree } from "./pack-small-tree.ts";
import { packTree } from "./pack-tree.ts";

const root = mkdtempSync(join(tmpdir(), "berth-pack-small-"));
afterAll(() => rmSync(root, { recursive: true }));

async function packed(directory: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packTree(directory, { mode: "layer" })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("packSmallTree() gives the bytes that packTree() gives", async () => {
  const tree = join(root, "tree");
  mkdirSync(join(tree, "etc/deep"), { recursive: true });
  writeFileSync(join(tree, "etc/deep/file"), "x".repeat(20_000));
  writeFileSync(join(tree, "zero"), "");
  linkSync(join(tree, "zero"), join(tree, "linked"));
  symlinkSync("/etc/passwd", join(tree, "away"));
  const small = packSmallTree(tree, { mode: "layer" });
  expect(Buffer.from(small ?? []).equals(await packed(tree))).toBe(true);
});

test("packSmallTree() leaves what is large to packTree()", () => {
  const tree = join(root, "large");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "x".repeat(600 * 1024));
  expect(packSmallTree(tree)).toBeUndefined();
});

test("packSmallTree() cuts times at notAfter", () => {
  const tree = join(root, "times");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "now");
  const first = packSmallTree(tree, { notAfter: 1_000_000 });
  writeFileSync(join(tree, "file"), "now");
  expect(packSmallTree(tree, { notAfter: 1_000_000 })).toEqual(first);
});
