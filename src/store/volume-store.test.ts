import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readMountInfo } from "../linux/mountinfo.ts";
import { lstat } from "../linux/stat.ts";
import { getXattr, setXattr } from "../linux/xattr.ts";
import { type Fill, openStore } from "./index.ts";
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
    expect(volumes().list()).toEqual([]);
    expect(readdirSync(join(fixture.root, "volumes")).sort()).toEqual([".deleted", ".trash"]);
    volumes().create({ name: "ok" });
    const options = { type: "tmpfs", device: "tmpfs" };
    expect(volumes().create({ name: "ok", options }).options).toEqual({});
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

const write = (name: string, file: string, text: string) =>
  writeFileSync(join(volumes().get(name).mountpoint, file), text);
const read = (name: string, file: string) =>
  readFileSync(join(volumes().get(name).mountpoint, file), "utf8");
const writer =
  (file: string, text: string): Fill =>
  async (directory) =>
    writeFileSync(join(directory, file), text);

describe("VolumeStore: names, guards and the trash", () => {
  test("renames with content, labels and holds; refuses a name that is taken", async () => {
    volumes().create({ name: "old", labels: { a: "b" } });
    volumes().create({ name: "taken" });
    write("old", "file", "kept");
    volumes().acquire("old", "one");
    expect(() => volumes().rename("old", "taken")).toThrow("there is one of that name already");
    expect(() => volumes().rename("old", "../x")).toThrow("includes invalid characters");
    expect(volumes().rename("old", "new")).toMatchObject({ name: "new", labels: { a: "b" } });
    expect(volumes().has("old")).toBe(false);
    expect(read("new", "file")).toBe("kept");
    expect(() => volumes().remove("new")).toThrow("volume is in use - [one]");
    await fixture.reopen();
    expect(volumes().get("new").labels).toEqual({ a: "b" });
  });

  test("a rename that was cut short has happened, or has not", async () => {
    volumes().create({ name: "old", labels: { a: "b" } });
    await fixture.store.close();
    renameSync(join(fixture.root, "volumes/old"), join(fixture.root, "volumes/new"));
    fixture.store = await openStore(fixture.root);
    expect(
      volumes()
        .list()
        .map(({ name, labels }) => [name, labels]),
    ).toEqual([["new", { a: "b" }]]);
  });

  test("a locked volume does not go", async () => {
    volumes().create({ name: "data" });
    expect(volumes().setLocked("data", true)).toBe(true);
    expect(volumes().setLocked("data", true)).toBe(false);
    await fixture.reopen();
    expect(() => volumes().remove("data")).toThrow("locked against removal");
    expect(() => volumes().moveToTrash("data")).toThrow("locked against removal");
    volumes().setLocked("data", false);
    volumes().remove("data");
  });

  test("brings a removed volume back, with its snapshots and labels, also under another name", async () => {
    volumes().create({ name: "data", labels: { a: "b" } });
    write("data", "file", "first");
    await volumes().addSnapshot("data", "before", writer("file", "snap"));
    const { id } = volumes().moveToTrash("data");
    expect(volumes().has("data")).toBe(false);
    volumes().create({ name: "data" });
    write("data", "file", "second");
    await fixture.reopen();
    expect(() => volumes().trash.restore(id)).toThrow("there is a volume of that name");
    expect(volumes().trash.restore(id, "back").labels).toEqual({ a: "b" });
    expect([read("back", "file"), read("data", "file")]).toEqual(["first", "second"]);
    expect(volumes().snapshots("back")).toMatchObject([{ name: "before" }]);
    expect(volumes().trash.list()).toEqual([]);
    const second = volumes().moveToTrash("data");
    expect(volumes().trash.list()).toMatchObject([{ id: second.id, volume: { name: "data" } }]);
    volumes().trash.delete(second.id);
    expect(() => volumes().trash.restore(second.id)).toThrow("Cannot find a removed volume");
  });

  test("a removal that was cut short before the move did not happen, after it did", async () => {
    volumes().create({ name: "stays" });
    volumes().create({ name: "goes", labels: { a: "b" } });
    await fixture.store.close();
    const note = JSON.stringify({ name: "goes", removedAt: "2026-01-01T00:00:00.000Z" });
    for (const name of ["stays", "goes"]) {
      writeFileSync(join(fixture.root, "volumes", name, "removed.json"), note);
    }
    renameSync(
      join(fixture.root, "volumes/goes"),
      join(fixture.root, "volumes/.trash/0123456789ab"),
    );
    fixture.store = await openStore(fixture.root);
    expect(
      volumes()
        .list()
        .map(({ name }) => name),
    ).toEqual(["stays"]);
    expect(existsSync(join(fixture.root, "volumes/stays/removed.json"))).toBe(false);
    expect(volumes().trash.restore("0123456789ab")).toMatchObject({
      name: "goes",
      labels: { a: "b" },
    });
  });
});

describe("VolumeStore: content", () => {
  test("makes a volume whole or not at all", async () => {
    await volumes().createFilled({ name: "made" }, writer("file", "x"));
    expect(read("made", "file")).toBe("x");
    const failing = volumes().createFilled({ name: "half" }, async (directory) => {
      writeFileSync(join(directory, "file"), "x");
      throw new Error("disk full");
    });
    await expect(failing).rejects.toThrow("disk full");
    expect(volumes().has("half")).toBe(false);
    await expect(volumes().createFilled({ name: "made" }, writer("f", ""))).rejects.toThrow(
      "one of that name already",
    );
    mkdirSync(join(fixture.root, "volumes/.new-cut-short/_data"), { recursive: true });
    await fixture.reopen();
    expect(
      volumes()
        .list()
        .map(({ name }) => name),
    ).toEqual(["made"]);
  });

  test("keeps snapshots, which are read by NAME@SNAPSHOT", async () => {
    volumes().create({ name: "data" });
    await volumes().addSnapshot("data", "one", writer("file", "1"));
    await volumes().addSnapshot("data", "two", writer("file", "22"));
    expect(
      volumes()
        .snapshots("data")
        .map(({ name }) => name),
    ).toEqual(["one", "two"]);
    await expect(volumes().addSnapshot("data", "one", writer("x", ""))).rejects.toThrow(
      "one already",
    );
    await expect(volumes().addSnapshot("data", "../x", writer("x", ""))).rejects.toThrow(
      "Cannot name",
    );
    const opened = await volumes().open("data@two", "cloned");
    expect(readFileSync(join(opened.directory, "file"), "utf8")).toBe("22");
    expect(() => volumes().remove("data")).toThrow("it is being cloned; try again");
    expect(() => volumes().rename("data", "other")).toThrow("it is being cloned; try again");
    opened.close();
    expect(await volumes().usage("data@two")).toMatchObject({ bytes: 2, files: 1 });
    volumes().removeSnapshot("data", "two");
    await expect(volumes().open("data@two", "read")).rejects.toThrow('find snapshot "two"');
    await expect(volumes().open("data@../../..", "read")).rejects.toThrow("Cannot name");
  });

  test("replaces content at once; the former becomes a snapshot, or goes", async () => {
    volumes().create({ name: "data" });
    write("data", "file", "first");
    volumes().acquire("data", "one");
    const replace = (keepAs?: string) =>
      volumes().replaceContent("data", keepAs, writer("file", "second"));
    await expect(replace()).rejects.toThrow("volume is in use - [one]");
    volumes().release("data", "one");
    await replace("former");
    expect(read("data", "file")).toBe("second");
    const { directory, close } = await volumes().open("data@former", "read");
    expect(readFileSync(join(directory, "file"), "utf8")).toBe("first");
    close();
    await replace();
    expect(volumes().snapshots("data")).toHaveLength(1);
    expect(readdirSync(join(fixture.root, "volumes/data")).sort()).toEqual([
      "_data",
      "snapshots",
      "volume.json",
    ]);
  });

  test("a replacement that was cut short is finished or undone; both contents are there", async () => {
    const place = (name: string) => join(fixture.root, "volumes/data", name);
    const former = JSON.stringify({ name: "former", createdAt: "2026-01-01T00:00:00.000Z" });
    const states = ["incoming", "described", "ready", "moved", "swapped"] as const;
    for (const [step, state] of states.entries()) {
      volumes().create({ name: "data" });
      write("data", "file", "first");
      const at = (name: (typeof states)[number]) => step >= states.indexOf(name);
      mkdirSync(place(at("ready") ? ".ready" : ".incoming"));
      writeFileSync(place(at("ready") ? ".ready/file" : ".incoming/file"), "second");
      if (at("described")) {
        mkdirSync(place(".former"));
        writeFileSync(place(".former/snapshot.json"), former);
      }
      if (at("moved")) renameSync(place("_data"), place(".former/_data"));
      if (at("swapped")) renameSync(place(".ready"), place("_data"));
      await fixture.reopen();
      expect([state, read("data", "file")]).toEqual([state, at("ready") ? "second" : "first"]);
      const names = volumes()
        .snapshots("data")
        .map(({ name }) => name);
      expect(names).toEqual(at("ready") ? ["former"] : []);
      volumes().remove("data");
    }
  });

  test("adopted holds keep a mount for those who use it since before", async () => {
    const options = { type: "tmpfs", device: "tmpfs" };
    const { mountpoint } = volumes().create({ name: "memory", options });
    volumes().acquire("memory", "one");
    await fixture.reopen();
    volumes().adopt("memory", "one");
    volumes().adopt("no-such", "one");
    volumes().releaseAllExcept(new Set(["one"]));
    expect(lstat(mountpoint).mountRoot).toBe(true);
    expect(() => volumes().remove("memory")).toThrow("in use");
    volumes().rename("memory", "renamed");
    volumes().release("renamed", "one");
    expect(lstat(volumes().get("renamed").mountpoint).mountRoot).toBe(false);
  });
});
