import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { lstat } from "../../linux/stat.ts";
import { packTree } from "../pack/pack-tree.ts";
import { type TransferResult, transferTree } from "./transfer-tree.ts";

let root: string;
const host = (...names: string[]) => join(root, "host", ...names);
const tree = (...names: string[]) => join(root, "tree", ...names);
beforeEach(() => {
  root = mkdtempSync("/tmp/transfer-");
  mkdirSync(host());
  mkdirSync(tree());
});
afterEach(() => rmSync(root, { recursive: true }));

const packed = async (path: string) =>
  Buffer.concat(await Array.fromAsync(packTree(path, { rename: "." }), (c) => Buffer.from(c)));

function fill(directory: string): void {
  mkdirSync(join(directory, "sub/deep"), { recursive: true });
  writeFileSync(join(directory, "sub/big"), Buffer.alloc(3_000_001, "abc"));
  writeFileSync(join(directory, "small"), "small");
  linkSync(join(directory, "small"), join(directory, "sub/linked"));
  symlinkSync("/sub", join(directory, "absolute"));
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0xe4])]), "bytes");
  chownSync(join(directory, "small"), 33, 44);
}

const whole = async (news: AsyncIterable<TransferResult>) => (await Array.fromAsync(news)).at(-1);
const into = (path: string, hostPath: string, more: object = {}) =>
  whole(transferTree({ direction: "in", root: tree(), mounts: [], path, hostPath, ...more }));
const outOf = (path: string, hostPath: string, more: object = {}) =>
  whole(transferTree({ direction: "out", root: tree(), mounts: [], path, hostPath, ...more }));

describe("transferTree() in", () => {
  test("gives a tree that packs to the same bytes", async () => {
    mkdirSync(host("from"));
    mkdirSync(tree("a/to"), { recursive: true });
    fill(host("from"));
    expect(await into("/a/to", host("from/."), { name: "." })).toEqual({
      bytes: 3_000_011,
      files: 8,
    });
    expect((await packed(tree("a/to"))).equals(await packed(host("from")))).toBe(true);
    expect(lstat(tree("a/to/sub/linked")).inode).toBe(lstat(tree("a/to/small")).inode);
  });

  test("a directory, and a file under a name of its own; holes stay", async () => {
    mkdirSync(host("from"));
    Bun.spawnSync(["truncate", "-s", "1G", host("hole")]);
    await into("/", host("from"), { name: "renamed" });
    await into("/renamed", host("hole"));
    const status = lstat(tree("renamed/hole"));
    expect(status.size).toBe(2 ** 30);
    expect(status.blocks).toBeLessThan(100);
  });

  test("symlinks of the tree lead to places in the tree", async () => {
    writeFileSync(host("file"), "x");
    mkdirSync(tree(root), { recursive: true });
    symlinkSync(root, tree("out"));
    symlinkSync("../../../../../../..", tree("up"));
    await into("/out", host("file"), { name: "one" });
    await into("/up", host("file"), { name: "two" });
    expect(readdirSync(root).sort()).toEqual(["host", "tree"]);
    expect(readdirSync(tree(root))).toEqual(["one"]);
    expect(readFileSync(tree("two"), "utf8")).toBe("x");
  });

  test("belongs to the given owner, and takes no directory's place", async () => {
    writeFileSync(host("file"), "x");
    mkdirSync(tree("file"));
    await into("/", host("file"), { name: "owned", owner: { uid: 7, gid: 8 } });
    expect(statSync(tree("owned"))).toMatchObject({ uid: 7, gid: 8 });
    await expect(into("/", host("file"))).rejects.toMatchObject({ kind: "conflict" });
    await expect(into("/", host("none"))).rejects.toMatchObject({ kind: "not-found" });
  });
});

describe("transferTree() out", () => {
  test("gives a tree that packs to the same bytes", async () => {
    mkdirSync(tree("from"));
    fill(tree("from"));
    await outOf("/from", host(), { name: "to" });
    expect((await packed(host("to"))).equals(await packed(tree("from")))).toBe(true);
  });

  test("symlinks come out as they are, and what they lead to is the tree's", async () => {
    mkdirSync(tree("etc"));
    writeFileSync(tree("etc/hostname"), "the tree's");
    symlinkSync("/etc", tree("link"));
    await outOf("/link/hostname", host());
    await outOf("/link", host());
    expect(readFileSync(host("hostname"), "utf8")).toBe("the tree's");
    expect(readlinkSync(host("link"))).toBe("/etc");
  });

  test("is refused below a symlink of the target, and brings no set-id bits", async () => {
    mkdirSync(tree("from/d"), { recursive: true });
    writeFileSync(tree("from/d/su"), "x");
    chownSync(tree("from/d/su"), 5, 5);
    chmodSync(tree("from/d/su"), 0o4755);
    const owner = { uid: 0, gid: 0 };
    await outOf("/from/d", host(), { name: "d", owner });
    expect(statSync(host("d/su"))).toMatchObject({ uid: 0, mode: 0o100755 });
    mkdirSync(host("into"));
    mkdirSync(join(root, "elsewhere"));
    symlinkSync(join(root, "elsewhere"), host("into/d"));
    const copy = outOf("/from/.", host("into"), { name: ".", owner });
    await expect(copy).rejects.toThrow(/symlink|cannot overwrite/);
    expect(readdirSync(join(root, "elsewhere"))).toEqual([]);
  });
});
