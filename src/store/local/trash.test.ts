import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Trash } from "./trash.ts";

let root: string;
let place: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "trash-"));
  place = join(root, "trash");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function tree(name: string): string {
  const path = join(root, name);
  mkdirSync(join(path, "diff/a"), { recursive: true });
  writeFileSync(join(path, "diff/a/file"), "x");
  writeFileSync(join(path, "implied.json"), "[]");
  return path;
}

test("Trash moves a tree aside at once and deletes it in the background", async () => {
  const trash = new Trash(place);
  const path = tree("one");
  trash.discard(path);
  expect(existsSync(path)).toBe(false);
  await trash.idle();
  expect(readdirSync(place)).toEqual([]);
});

test("Trash waits with deleting while somebody writes", async () => {
  const trash = new Trash(place);
  const writing = trash.giveWay();
  trash.discard(tree("one"));
  await Bun.sleep(100);
  const [aside = ""] = readdirSync(place);
  expect(readdirSync(join(place, aside)).sort()).toEqual(["diff", "implied.json"]);
  writing[Symbol.dispose]();
  await trash.idle();
  expect(readdirSync(place)).toEqual([]);
});
