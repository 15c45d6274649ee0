import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readMountInfo } from "../linux/mountinfo.ts";
import { lstat } from "../linux/stat.ts";
import { getXattr, setXattr } from "../linux/xattr.ts";
import { openStore } from "./index.ts";
import { StoreFixture } from "./store-fixture.ts";

let fixture: StoreFixture;
const volumes = () => fixture.store.volumes;
beforeEach(async () => {
  fixture = await StoreFixture.create();
});
afterEach(async () => {
  expect(await fixture.destroy()).toEqual([]);
});

describe("VolumeStore", () => {
  test("creates once, keeps over a restart, removes", async () => {
    const volume = volumes().create({ name: "data", labels: { a: "b" } });
    expect(volume).toMatchObject({ name: "data", driver: "local", anonymous: false, options: {} });
    expect(volume.mountpoint).toBe(join(fixture.root, "volumes/data/_data"));
    writeFileSync(join(volume.mountpoint, "file"), "kept");
    expect(volumes().create({ name: "data", labels: { other: "x" } })).toEqual(volume);
    await fixture.reopen();
    expect(volumes().get("data")).toEqual(volume);
    expect(readFileSync(join(volume.mountpoint, "file"), "utf8")).toBe("kept");
    volumes().remove("data");
    expect(volumes().has("data")).toBe(false);
    expect(existsSync(volume.mountpoint)).toBe(false);
    expect(() => volumes().remove("data")).toThrow("get data: no such volume");
  });

  test("names volumes that have none", () => {
    const volume = volumes().create({ labels: null, options: null });
    expect(volume.name).toMatch(/^[0-9a-f]{64}$/);
    expect(volume.anonymous).toBe(true);
    expect(
      volumes()
        .list()
        .map(({ name }) => name),
    ).toEqual([volume.name]);
  });

  test("refuses names, drivers and options with Docker's words", () => {
    const refuses = (volume: Parameters<typeof fixture.store.volumes.create>[0], why: string) =>
      expect(() => volumes().create(volume)).toThrow(why);
    refuses({ name: "a" }, "volume name is too short");
    for (const name of ["../x", ".x", "a/b", "a b", "-a"]) {
      refuses({ name }, "includes invalid characters for a local volume name");
    }
    refuses({ name: "ok", driver: "nfs" }, 'plugin "nfs" not found');
    refuses({ name: "ok", options: { colour: "red" } }, 'invalid option: "colour"');
    refuses({ name: "ok", options: { device: "/x" } }, 'missing required option: "type"');
    refuses(
      { name: "ok", options: { type: "none", o: "bind" } },
      'missing required option: "device"',
    );
    expect(readdirSync(join(fixture.root, "volumes"))).toEqual([]);
    volumes().create({ name: "ok" });
    refuses({ name: "ok", options: { type: "tmpfs", device: "tmpfs" } }, "different options");
  });

  test("mounts what options name at first need, once, until nobody holds it", async () => {
    const options = { type: "tmpfs", device: "tmpfs", o: "size=1m,uid=1000,noexec" };
    const { mountpoint } = volumes().create({ name: "memory", options });
    expect(lstat(mountpoint).mountRoot).toBe(false);
    expect(volumes().acquire("memory", "one")).toBe(mountpoint);
    volumes().acquire("memory", "two");
    expect(lstat(mountpoint)).toMatchObject({ mountRoot: true, uid: 1000 });
    const mounts = readMountInfo().filter(({ mountPoint }) => mountPoint === mountpoint);
    expect(mounts).toHaveLength(1);
    expect(mounts[0]?.options).toContain("noexec");
    expect(() => volumes().remove("memory")).toThrow("volume is in use - [one, two]");
    volumes().release("memory", "one");
    expect(lstat(mountpoint).mountRoot).toBe(true);
    await fixture.reopen();
    volumes().acquire("memory", "two");
    volumes().releaseAllExcept(new Set(["two"]));
    expect(lstat(mountpoint).mountRoot).toBe(true);
    volumes().releaseAllExcept(new Set());
    expect(lstat(mountpoint).mountRoot).toBe(false);
  });

  test("binds a directory of the host, read-only if told, and never deletes it", () => {
    const device = join(fixture.root, "host");
    mkdirSync(device);
    writeFileSync(join(device, "file"), "");
    const { mountpoint } = volumes().create({
      name: "bound",
      options: { type: "none", device, o: "bind,ro" },
    });
    volumes().acquire("bound", "one");
    expect(() => writeFileSync(join(mountpoint, "new"), "")).toThrow("EROFS");
    volumes().release("bound", "one");
    volumes().remove("bound");
    expect(readdirSync(device)).toEqual(["file"]);
    volumes().create({ name: "nowhere", options: { type: "none", device: "/none", o: "bind" } });
    expect(() => volumes().acquire("nowhere", "one")).toThrow(/mounting volume.*no such file/);
  });

  test("a directory without a record is taken in, with its description", async () => {
    volumes().create({ name: "lost", labels: { keep: "me" } });
    mkdirSync(join(fixture.root, "volumes/found/_data"), { recursive: true });
    mkdirSync(join(fixture.root, "volumes/stub"));
    await fixture.store.close();
    const database = new Database(join(fixture.root, "berth.db"));
    database.run("DELETE FROM records WHERE collection = 'store.volumes'");
    database.close();
    fixture.store = await openStore(fixture.root);
    expect(volumes().get("lost").labels).toEqual({ keep: "me" });
    expect(volumes().has("found")).toBe(true);
    expect(volumes().has("stub")).toBe(false);
  });
});

describe("VolumeStore.copyUp()", () => {
  let tree: string;
  beforeEach(() => {
    tree = join(fixture.root, "tree");
    mkdirSync(join(tree, "srv/data/sub"), { recursive: true });
    writeFileSync(join(tree, "srv/data/sub/file"), "content");
    writeFileSync(join(tree, "srv/data/.hidden"), "");
    setXattr(join(tree, "srv/data/sub/file"), "user.note", Buffer.from("x"));
    chownSync(join(tree, "srv/data"), 33, 44);
    chmodSync(join(tree, "srv/data"), 0o1770);
    chownSync(join(tree, "srv/data/sub/file"), 55, 66);
    symlinkSync("/srv/data", join(tree, "alias"));
  });

  test("fills an empty volume with content, owners, modes and xattrs", async () => {
    const { mountpoint } = volumes().create({ name: "data" });
    await volumes().copyUp("data", tree, "/alias");
    expect(readdirSync(mountpoint).sort()).toEqual([".hidden", "sub"]);
    expect(lstat(mountpoint)).toMatchObject({ uid: 33, gid: 44, mode: 0o041770 });
    expect(lstat(join(mountpoint, "sub/file"))).toMatchObject({ uid: 55, gid: 66, size: 7 });
    expect(getXattr(join(mountpoint, "sub/file"), "user.note")?.toString()).toBe("x");
    expect(await volumes().size("data")).toBe(7);
    expect(readdirSync(join(fixture.root, "volumes/data")).sort()).toEqual([
      "_data",
      "volume.json",
    ]);
  });

  test("happens once, also when two come at once, and never into content", async () => {
    const { mountpoint } = volumes().create({ name: "data" });
    await Promise.all([
      volumes().copyUp("data", tree, "/srv/data"),
      volumes().copyUp("data", tree, "/srv/data"),
    ]);
    rmSync(join(mountpoint, "sub"), { recursive: true });
    writeFileSync(join(tree, "srv/data/later"), "");
    await volumes().copyUp("data", tree, "/srv/data");
    expect(readdirSync(mountpoint)).toEqual([".hidden"]);
  });

  test("takes over the owner of an empty directory, and nothing from what is none", async () => {
    mkdirSync(join(tree, "empty"));
    chownSync(join(tree, "empty"), 70, 71);
    const { mountpoint } = volumes().create({ name: "data" });
    await volumes().copyUp("data", tree, "/missing/path");
    await volumes().copyUp("data", tree, "/srv/data/.hidden");
    expect(lstat(mountpoint).uid).toBe(0);
    await volumes().copyUp("data", tree, "/empty");
    expect(lstat(mountpoint)).toMatchObject({ uid: 70, gid: 71 });
  });

  test("fills a mounted volume too", async () => {
    const options = { type: "tmpfs", device: "tmpfs" };
    const { mountpoint } = volumes().create({ name: "memory", options });
    volumes().acquire("memory", "c");
    await volumes().copyUp("memory", tree, "/srv/data");
    expect(readdirSync(mountpoint).sort()).toEqual([".hidden", "sub"]);
    volumes().release("memory", "c");
  });

  test("a crash leaves the volume empty or lets the next start finish; nothing is overwritten", async () => {
    const { mountpoint } = volumes().create({ name: "data" });
    const beside = (name: string) => join(fixture.root, "volumes/data", name);
    mkdirSync(beside(".filling"));
    writeFileSync(beside(".filling/half"), "x");
    await fixture.reopen();
    expect(readdirSync(beside("")).sort()).toEqual(["_data", "volume.json"]);
    mkdirSync(beside(".filled/dir"), { recursive: true });
    writeFileSync(beside(".filled/file"), "from the image");
    writeFileSync(join(mountpoint, "file"), "of a container");
    await fixture.reopen();
    expect(readdirSync(mountpoint).sort()).toEqual(["dir", "file"]);
    expect(readFileSync(join(mountpoint, "file"), "utf8")).toBe("of a container");
    expect(readdirSync(beside("")).sort()).toEqual(["_data", "volume.json"]);
  });
});
