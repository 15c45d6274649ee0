import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { mknod, setTimes } from "../../linux/file.ts";
import { FileType, lstat } from "../../linux/stat.ts";
import { setXattr } from "../../linux/xattr.ts";
import { sha256 } from "../../spec/index.ts";
import type { TarEntry } from "../tar/entry.ts";
import { TarReader } from "../tar/reader.ts";
import type { PackOptions } from "../tree-options.ts";
import { unpackTar } from "../unpack/unpack-tar.ts";
import { packTree } from "./pack-tree.ts";
import { statPath } from "./stat-path.ts";

let root: string;
const at = (name: string) => join(root, name);
beforeEach(() => {
  root = mkdtempSync("/tmp/store-pack-");
});
afterEach(() => rmSync(root, { recursive: true }));

async function members(options?: PackOptions, from = root): Promise<Map<string, TarEntry>> {
  const reader = new TarReader(packTree(from, options));
  const found = new Map<string, TarEntry>();
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    expect(found.has(entry.path)).toBe(false);
    found.set(entry.path, entry);
  }
  return found;
}
const names = async (options?: PackOptions) => [...(await members(options)).keys()];
const whole = async (options?: PackOptions, from = root) =>
  Buffer.concat(await Array.fromAsync(packTree(from, options), (chunk) => Buffer.from(chunk)));

describe("packTree()", () => {
  test("packs what unpackTar() makes of it again, byte for byte", async () => {
    mkdirSync(at("from/sub"), { recursive: true });
    writeFileSync(at("from/sub/big"), Buffer.alloc(1_000_001, "abc"), { mode: 0o640 });
    linkSync(at("from/sub/big"), at("from/a-link"));
    symlinkSync("/x".repeat(200), at("from/symlink"));
    mknod(at("from/device"), FileType.block | 0o600, 8, 1);
    mknod(at("from/fifo"), FileType.fifo | 0o600);
    writeFileSync(Buffer.concat([Buffer.from(at("from/")), Buffer.from([0xff, 0xe4])]), "bytes");
    setXattr(at("from/sub"), "user.note", Buffer.from([0, 255]));
    setTimes(at("from/sub"), { seconds: 1_500_000_000, nanoseconds: 5 });
    mkdirSync(at("to"));
    const packed = await whole({}, at("from"));
    const { digest } = await unpackTar(packTree(at("from")), at("to"), { mode: "plain" });
    expect(digest).toBe(sha256(packed));
    expect((await whole({}, at("to"))).equals(packed)).toBe(true);
    expect(lstat(at("to/a-link")).inode).toBe(lstat(at("to/sub/big")).inode);
  });

  test("orders by bytes, parents first, and leaves out sockets and what is excluded", async () => {
    for (const name of ["b", "b-", "b/x", "a/z", "a/skip/deep", "é"]) {
      mkdirSync(at(name), { recursive: true });
    }
    const server = createServer().listen(at("socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    const list = await names({ exclude: ["a/skip"] });
    server.close();
    expect(await names({ path: "a", exclude: ["/a/skip"] })).toEqual(["z/"]);
    expect(list).toEqual(["a/", "a/z/", "b/", "b/x/", "b-/", "Ã©/"]);
  });

  test("packs one path, renamed, with symlinks on the way resolved in the root", async () => {
    mkdirSync(at("real/dir"), { recursive: true });
    writeFileSync(at("real/file"), "x");
    symlinkSync("/real", at("alias"));
    expect(await names({ path: "/alias/dir", rename: "new" })).toEqual(["new/"]);
    expect(await names({ path: "/alias/file" })).toEqual(["file"]);
    expect(await names({ path: "alias/../real/file", rename: "f" })).toEqual(["f"]);
    expect(await names({ path: "/alias", rename: "l" })).toEqual(["l"]);
    expect(await names({ path: "/alias/.", rename: "l" })).toEqual(["l/", "l/dir/", "l/file"]);
    expect((await names({ path: "/", rename: "/" })).slice(0, 3)).toEqual([
      "/",
      "/alias",
      "/real/",
    ]);
    await expect(names({ path: "/none" })).rejects.toMatchObject({ kind: "not-found" });
  });

  test("sees mounts, and the host does not", async () => {
    mkdirSync(at("tree"));
    mkdirSync(at("volume"));
    writeFileSync(at("volume/inside"), "x");
    const mounts = [{ source: at("volume"), target: "/data" }];
    expect([...(await members({ mounts }, at("tree"))).keys()]).toEqual(["data/", "data/inside"]);
    expect(readdirSync(at("tree/data"))).toEqual([]);
    expect(await statPath(at("tree"), "/data/inside", mounts)).toMatchObject({ size: 1 });
  });

  test("writes an upper directory as a layer", async () => {
    mkdirSync(at("dir/opaque"), { recursive: true });
    mknod(at("dir/gone"), FileType.character);
    linkSync(at("dir/gone"), at("dir/also-gone"));
    setXattr(at("dir/opaque"), "trusted.overlay.opaque", Buffer.from("y"));
    setXattr(at("dir"), "trusted.overlay.impure", Buffer.from("y"));
    writeFileSync(at("dir/opaque/file"), "");
    const found = await members({ mode: "layer" });
    expect([...found.keys()]).toEqual([
      "dir/",
      "dir/.wh.also-gone",
      "dir/.wh.gone",
      "dir/opaque/",
      "dir/opaque/.wh..wh..opq",
      "dir/opaque/file",
    ]);
    expect(found.get("dir/.wh.gone")).toMatchObject({ type: "file", size: 0 });
    expect(found.get("dir/")?.xattrs.size).toBe(0);
  });

  test("writes holes as GNU tar does, if told, and reads them back", async () => {
    mkdirSync(at("from"));
    mkdirSync(at("to"));
    mkdirSync(at("tar"));
    writeFileSync(at("from/sparse"), "begin");
    Bun.spawnSync(["truncate", "-s", "50M", at("from/sparse")]);
    Bun.spawnSync([
      "sh",
      "-c",
      `printf mid | dd of=${at("from/sparse")} conv=notrunc bs=1 seek=9000000`,
    ]);
    writeFileSync(at("from/hole"), "");
    Bun.spawnSync(["truncate", "-s", "1M", at("from/hole")]);
    const tar = await whole({ sparse: true }, at("from"));
    expect(tar.length).toBeLessThan(100_000);
    await unpackTar(packTree(at("from"), { sparse: true }), at("to"), { mode: "plain" });
    Bun.spawnSync(["tar", "-xf", "-", "-C", at("tar")], { stdin: tar });
    for (const place of ["to", "tar"]) {
      expect(Bun.spawnSync(["diff", "-r", at("from"), at(place)]).exitCode).toBe(0);
      expect(lstat(at(`${place}/sparse`)).blocks * 512).toBeLessThan(100_000);
    }
  });

  test("stops its process when the reader stops, and holds back a slow one", async () => {
    writeFileSync(at("big"), "");
    Bun.spawnSync(["truncate", "-s", "2G", at("big")]);
    const before = process.memoryUsage().rss;
    let taken = 0;
    for await (const chunk of packTree(root)) {
      taken += chunk.length;
      await Bun.sleep(100);
      if (taken > 1_000_000) break;
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });
});

describe("statPath()", () => {
  test("tells what Docker's archive endpoint tells", async () => {
    writeFileSync(at("file"), "12345", { mode: 0o600 });
    setTimes(at("file"), { seconds: 1_600_000_000, nanoseconds: 120_000_000 });
    symlinkSync("/file", at("link"));
    symlinkSync("missing", at("dangling"));
    mkdirSync(at("sticky"));
    Bun.spawnSync(["chmod", "1777", at("sticky")]);
    expect(await statPath(root, "/file")).toEqual({
      name: "file",
      size: 5,
      mode: 0o600,
      mtime: "2020-09-13T12:26:40.12Z",
      linkTarget: "",
      realPath: "/file",
    });
    expect(await statPath(root, "link")).toMatchObject({ name: "link", linkTarget: "/file" });
    expect(await statPath(root, "/dangling")).toMatchObject({ linkTarget: "/missing" });
    expect((await statPath(root, "/sticky/")).mode).toBe(2 ** 31 + 2 ** 20 + 0o777);
    expect(await statPath(root, "/")).toMatchObject({ name: "/" });
    await expect(statPath(root, "/none")).rejects.toMatchObject({ kind: "not-found" });
    await expect(statPath(root, "/file/below")).rejects.toMatchObject({ kind: "not-found" });
  });
});
