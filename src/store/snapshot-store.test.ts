import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { TarReader } from "../archive/index.ts";
import { lstat } from "../linux/stat.ts";
import { type ChainId, type DiffId, sha256 } from "../spec/index.ts";
import { inChunks, StoreFixture, testTar } from "./store-fixture.ts";

let fixture: StoreFixture;
const snapshots = () => fixture.store.snapshots;
beforeEach(async () => {
  fixture = await StoreFixture.create();
});
afterEach(async () => {
  expect(await fixture.destroy()).toEqual([]);
});

const base = () =>
  fixture.layers(
    [
      [{ path: "./", type: "directory", mode: 0o751, uid: 5 }],
      [{ path: "etc/", type: "directory", mode: 0o750, uid: 7 }],
      [{ path: "etc/hosts", mode: 0o600 }, "image's own"],
      [{ path: "etc/gone" }, "x"],
      [{ path: "keep" }, "12345"],
      [{ path: "dir/", type: "directory" }],
      [{ path: "dir/lower" }, "x"],
      [{ path: "dir/other" }, "x"],
    ],
    [
      [{ path: "etc/.wh.gone" }],
      [{ path: "etc/added" }, "abc"],
      [{ path: "opt/", type: "directory" }],
      [{ path: "opt/tool", mode: 0o4755 }, "tool"],
    ],
  );

async function container(id = "c", options = {}): Promise<string> {
  const layers = await base();
  snapshots().prepareContainer(
    id,
    layers.map(({ chainId }) => chainId),
  );
  return snapshots().mount(id, options);
}

describe("layers", () => {
  test("are unpacked once, verified, with their size", async () => {
    const [lower, upper] = await base();
    expect(lower?.size).toBe(19);
    expect(upper).toMatchObject({ parent: lower?.chainId, size: 7 });
    const layer = { ...(upper as NonNullable<typeof upper>) };
    const again = await snapshots().ensureLayer(layer, () => {
      throw new Error("must not be opened");
    });
    expect(again).toEqual(layer);
    expect(snapshots().layers()).toHaveLength(2);
  });

  test("that many ask for are unpacked once, from gzip too", async () => {
    const tar = testTar([{ path: "file" }, "x".repeat(100_000)]);
    const diffId = sha256(tar) as string as DiffId;
    const chainId = diffId as string as ChainId;
    let opened = 0;
    const open = () => {
      opened++;
      return inChunks(gzipSync(tar));
    };
    const layer = { chainId, diffId, parent: undefined, blob: undefined };
    const all = await Promise.all(
      Array.from({ length: 5 }, () => snapshots().ensureLayer(layer, open)),
    );
    expect(new Set(all.map(({ size }) => size))).toEqual(new Set([100_000]));
    expect(opened).toBe(1);
  });

  test("that are not what they were to be leave nothing", async () => {
    const tar = testTar([{ path: "file" }, "x"]);
    const diffId = sha256("another") as string as DiffId;
    const layer = {
      chainId: diffId as string as ChainId,
      diffId,
      parent: undefined,
      blob: undefined,
    };
    const failing = async function* () {
      yield tar.subarray(0, 600);
      throw new Error("the line went dead");
    };
    await expect(snapshots().ensureLayer(layer, () => inChunks(tar))).rejects.toThrow(
      "verification failed",
    );
    await expect(snapshots().ensureLayer(layer, failing)).rejects.toThrow("line went dead");
    expect(snapshots().layer(layer.chainId)).toBeUndefined();
    expect(readdirSync(join(fixture.root, "layers"))).toEqual([]);
  });

  test("a second caller's source is used when the first one's fails", async () => {
    const tar = testTar([{ path: "file" }, "x"]);
    const diffId = sha256(tar) as string as DiffId;
    const layer = {
      chainId: diffId as string as ChainId,
      diffId,
      parent: undefined,
      blob: undefined,
    };
    const failing = async function* () {
      yield tar.subarray(0, 512);
      throw new Error("no");
    };
    const first = snapshots().ensureLayer(layer, failing);
    const second = snapshots().ensureLayer(layer, () => inChunks(tar));
    await expect(first).rejects.toThrow("no");
    expect((await second).size).toBe(1);
  });
});

describe("containers", () => {
  test("see the image's tree, with owners and modes, and write apart from it", async () => {
    const root = await container();
    expect(snapshots().mount("c")).toBe(root);
    expect(lstat(root)).toMatchObject({ mode: 0o040751, uid: 5 });
    expect(lstat(join(root, "etc"))).toMatchObject({ mode: 0o040750, uid: 7 });
    expect(existsSync(join(root, "etc/gone"))).toBe(false);
    expect(readFileSync(join(root, "etc/added"), "utf8")).toBe("abc");
    writeFileSync(join(root, "keep"), "changed");
    snapshots().unmount("c");
    snapshots().unmount("c");
    expect(existsSync(join(root, "keep"))).toBe(false);
    snapshots().mount("c");
    expect(readFileSync(join(root, "keep"), "utf8")).toBe("changed");
    const [lower] = snapshots().containerLayers("c");
    const directory = snapshots().layerDirectory(lower as ChainId);
    expect(readFileSync(join(directory, "keep"), "utf8")).toBe("12345");
    snapshots().unmount("c");
  });

  test("have what every container needs, and it is no change", async () => {
    const root = await container();
    for (const path of ["dev/pts", "dev/shm", "proc", "sys"]) {
      expect(statSync(join(root, path)).isDirectory()).toBe(true);
    }
    for (const path of [".dockerenv", "dev/console", "etc/hostname", "etc/resolv.conf"]) {
      expect(readFileSync(join(root, path), "utf8")).toBe("");
    }
    expect(readFileSync(join(root, "etc/hosts"), "utf8")).toBe("image's own");
    expect(readlinkSync(join(root, "etc/mtab"))).toBe("/proc/mounts");
    expect(await snapshots().changes("c")).toEqual([]);
    expect(await snapshots().writableSize("c")).toBe(0);
    snapshots().unmount("c");
  });

  test("of an image without layers work too", async () => {
    snapshots().prepareContainer("c", []);
    snapshots().prepareContainer("d", []);
    const root = snapshots().mount("c");
    expect(readdirSync(root).sort()).toEqual([".dockerenv", "dev", "etc", "proc", "sys"]);
    writeFileSync(join(root, "new"), "");
    expect(await snapshots().changes("c")).toEqual([{ Path: "/new", Kind: 1 }]);
    expect(await snapshots().changes("d")).toEqual([]);
    snapshots().removeContainer("c");
  });

  test("an image's symlinks at the places of the init layer stay in the image", async () => {
    const layers = await fixture.layers([
      [{ path: "etc", type: "symlink", linkTarget: "/usr/etc" }],
      [{ path: "usr/etc/", type: "directory" }],
      [{ path: "usr/etc/resolv.conf", type: "symlink", linkTarget: "../../../../run/resolv" }],
      [{ path: "sys", type: "symlink", linkTarget: "/absolute/elsewhere" }],
    ]);
    snapshots().prepareContainer(
      "c",
      layers.map(({ chainId }) => chainId),
    );
    const root = snapshots().mount("c");
    expect(statSync(join(root, "usr/etc/hosts")).isFile()).toBe(true);
    expect(readlinkSync(join(root, "sys"))).toBe("/absolute/elsewhere");
    snapshots().unmount("c");
    expect(existsSync("/absolute")).toBe(false);
    expect(existsSync("/run/resolv")).toBe(false);
  });

  test("directories that an upper layer leaves undescribed keep the lower one's attributes", async () => {
    const layers = await fixture.layers(
      [
        [{ path: "var/", type: "directory", mode: 0o701, uid: 3 }],
        [{ path: "var/lib/", type: "directory", mode: 0o1777, uid: 4 }],
      ],
      [[{ path: "var/lib/deep/file" }, "x"]],
    );
    snapshots().prepareContainer(
      "c",
      layers.map(({ chainId }) => chainId),
    );
    const root = snapshots().mount("c");
    expect(lstat(join(root, "var"))).toMatchObject({ mode: 0o040701, uid: 3 });
    expect(lstat(join(root, "var/lib"))).toMatchObject({ mode: 0o041777, uid: 4 });
    expect(lstat(join(root, "var/lib/deep")).mode).toBe(0o040755);
    snapshots().unmount("c");
  });

  test("are refused on layers that are not there, and twice", async () => {
    const nowhere = sha256("none") as string as ChainId;
    expect(() => snapshots().prepareContainer("c", [nowhere])).toThrow("is not there");
    snapshots().prepareContainer("c", []);
    expect(() => snapshots().prepareContainer("c", [])).toThrow("exists");
    expect(() => snapshots().mount("none")).toThrow("No such container");
  });

  test("a volatile mount can be mounted again", async () => {
    const root = await container("c", { volatile: true });
    writeFileSync(join(root, "new"), "x");
    snapshots().unmount("c");
    snapshots().mount("c", { volatile: true });
    expect(readFileSync(join(root, "new"), "utf8")).toBe("x");
    snapshots().unmount("c");
    snapshots().mount("c");
    snapshots().unmount("c");
  });

  test("removal unmounts, even while a file is open, and deletes in the background", async () => {
    const root = await container();
    const file = Bun.file(join(root, "keep")).stream().getReader();
    await file.read();
    snapshots().removeContainer("c");
    snapshots().removeContainer("c");
    expect(existsSync(snapshots().containerDirectory("c"))).toBe(false);
    expect(snapshots().containers()).toEqual([]);
    await fixture.reopen();
    expect(readdirSync(join(fixture.root, "trash"))).toEqual([]);
  });

  test("withMounted() unmounts only what it has mounted", async () => {
    const root = await container();
    snapshots().unmount("c");
    await Promise.all([
      snapshots().withMounted("c", async (path) => {
        expect(path).toBe(root);
        await Bun.sleep(5);
        expect(existsSync(join(root, "keep"))).toBe(true);
      }),
      snapshots().withMounted("c", async () => undefined),
    ]);
    expect(snapshots().isMounted("c")).toBe(false);
    await snapshots().withMounted("c", async () => void snapshots().mount("c"));
    expect(snapshots().isMounted("c")).toBe(true);
    snapshots().mount("c");
    snapshots().prepareContainer("d", []);
    snapshots().mount("d");
    snapshots().unmountAllExcept(new Set(["d"]));
    expect(snapshots().isMounted("c")).toBe(false);
    expect(snapshots().isMounted("d")).toBe(true);
    snapshots().unmountAllExcept(new Set());
  });
});

describe("changes", () => {
  async function changed(): Promise<string> {
    const root = await container();
    writeFileSync(join(root, "keep"), "changed");
    mkdirSync(join(root, "new/sub"), { recursive: true });
    writeFileSync(join(root, "new/sub/file"), "");
    rmSync(join(root, "etc/added"));
    rmSync(join(root, "dir"), { recursive: true });
    mkdirSync(join(root, "dir"));
    writeFileSync(join(root, "dir/lower"), "other");
    chmodSync(join(root, "opt"), 0o700);
    return root;
  }

  test("are Docker's: kinds, parents, order", async () => {
    await changed();
    const expected = [
      { Path: "/dir", Kind: 0 },
      { Path: "/dir/lower", Kind: 0 },
      { Path: "/dir/other", Kind: 2 },
      { Path: "/etc", Kind: 0 },
      { Path: "/etc/added", Kind: 2 },
      { Path: "/keep", Kind: 0 },
      { Path: "/new", Kind: 1 },
      { Path: "/new/sub", Kind: 1 },
      { Path: "/new/sub/file", Kind: 1 },
      { Path: "/opt", Kind: 0 },
    ];
    expect(await snapshots().changes("c")).toEqual(expected as never);
    snapshots().unmount("c");
    expect(await snapshots().changes("c")).toEqual(expected as never);
    expect(await snapshots().writableSize("c")).toBe("changed".length + "other".length);
  });

  test("a file that was only copied up, or a name that came and went, is none", async () => {
    const root = await container();
    chmodSync(join(root, "keep"), 0o600);
    chmodSync(join(root, "keep"), 0o644);
    appendFileSync(join(root, "passing"), "x");
    renameSync(join(root, "passing"), join(root, "gone"));
    rmSync(join(root, "gone"));
    expect(await snapshots().changes("c")).toEqual([]);
    snapshots().unmount("c");
  });

  test("become a layer that shows the same tree", async () => {
    const root = await changed();
    snapshots().unmount("c");
    const tar: Buffer[] = [];
    const committed = await snapshots().commitContainer("c", async (chunk) => {
      tar.push(Buffer.from(chunk));
    });
    const bytes = Buffer.concat(tar);
    expect(committed).toEqual({
      diffId: sha256(bytes) as string as DiffId,
      size: bytes.length,
      empty: false,
    });
    const reader = new TarReader(inChunks(bytes));
    const names: string[] = [];
    for (let entry = await reader.next(); entry; entry = await reader.next())
      names.push(entry.path);
    expect(names).toEqual([
      "dir/",
      "dir/.wh..wh..opq",
      "dir/lower",
      "etc/",
      "etc/.wh.added",
      "keep",
      "new/",
      "new/sub/",
      "new/sub/file",
      "opt/",
    ]);
    const below = snapshots().containerLayers("c");
    const chainId = sha256(`${below.at(-1)} ${committed.diffId}`) as string as ChainId;
    const layer = { chainId, diffId: committed.diffId, parent: below.at(-1), blob: undefined };
    await snapshots().ensureLayer(layer, () => inChunks(bytes));
    snapshots().prepareContainer("d", [...below, chainId]);
    const list = (tree: string) =>
      readdirSync(tree, { recursive: true })
        .map(String)
        .sort()
        .map((name) => `${name} ${lstat(join(tree, name)).mode.toString(8)}`);
    snapshots().mount("c");
    snapshots().mount("d");
    expect(list(snapshots().rootfs("d"))).toEqual(list(root));
    snapshots().unmountAllExcept(new Set());
  });

  test("that there are none is said", async () => {
    await container();
    const committed = await snapshots().commitContainer("c", async () => undefined);
    expect(committed.empty).toBe(true);
    snapshots().unmount("c");
    await expect(snapshots().commitContainer("none", async () => undefined)).rejects.toThrow(
      "No such container",
    );
  });
});
