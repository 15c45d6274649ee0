import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  close,
  lchown,
  link,
  mknod,
  open,
  openInRoot,
  read,
  readlink,
  rename,
  setTimes,
  symlink,
  tryLock,
  writeAll,
} from "./file.ts";
import { FileType, lstat, lstatIfAny } from "./stat.ts";
import { getXattr, listXattrs, removeXattr, setXattr } from "./xattr.ts";

let root: string;
const at = (name: string) => join(root, name);
beforeEach(() => {
  root = mkdtempSync("/tmp/store-file-");
});
afterEach(() => rmSync(root, { recursive: true }));

test("times keep their nanoseconds, on symlinks and before 1970 too", () => {
  symlink("nowhere", at("link"));
  for (const time of [
    { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
    { seconds: -5, nanoseconds: 1 },
  ]) {
    setTimes(at("link"), time);
    expect(lstat(at("link")).modified).toEqual(time);
  }
  lchown(at("link"), 12, 34);
  expect(lstat(at("link"))).toMatchObject({ uid: 12, gid: 34 });
});

test("names and link targets are bytes", () => {
  const name = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0])]);
  symlink(Buffer.from([0xfd, 0]), name);
  expect([...readlink(name)]).toEqual([0xfd]);
});

test("xattr values are bytes, also empty ones", () => {
  writeFileSync(at("file"), "");
  const value = Buffer.from([0, 1, 255, 0]);
  setXattr(at("file"), "user.binary", value);
  setXattr(at("file"), "trusted.empty", Buffer.alloc(0));
  expect(getXattr(at("file"), "user.binary")).toEqual(value);
  expect(getXattr(at("file"), "trusted.empty")).toEqual(Buffer.alloc(0));
  expect(getXattr(at("file"), "user.none")).toBeUndefined();
  expect(listXattrs(at("file")).sort()).toEqual(["trusted.empty", "user.binary"]);
  expect(removeXattr(at("file"), "user.binary")).toBe(true);
  expect(removeXattr(at("file"), "user.binary")).toBe(false);
});

test("mknod() makes devices with large numbers", () => {
  mknod(at("device"), FileType.character | 0o600, 4000, 70000);
  expect(lstat(at("device"))).toMatchObject({ major: 4000, minor: 70000 });
});

test("openInRoot() resolves symlinks and .. inside of the root", () => {
  mkdirSync(at("tree/etc"), { recursive: true });
  writeFileSync(at("tree/etc/passwd"), "inside");
  symlinkSync("/etc/passwd", at("tree/absolute"));
  symlinkSync("../../../../../etc/passwd", at("tree/relative"));
  const directory = open(at("tree"), constants.O_DIRECTORY);
  for (const path of ["absolute", "relative", "../../../etc/passwd", "/etc/passwd"]) {
    const fd = openInRoot(directory, path, constants.O_RDONLY);
    const bytes = new Uint8Array(32);
    expect(Buffer.from(bytes.slice(0, read(fd, bytes))).toString()).toBe("inside");
    close(fd);
  }
  expect(() => openInRoot(directory, "missing", constants.O_RDONLY)).toThrow("ENOENT");
  close(directory);
});

test("rename() can refuse to replace, and exchange", () => {
  writeFileSync(at("a"), "a");
  writeFileSync(at("b"), "b");
  expect(() => rename(at("a"), at("b"), "noReplace")).toThrow("EEXIST");
  rename(at("a"), at("b"), "exchange");
  expect(readFileSync(at("a"), "utf8")).toBe("b");
});

test("tryLock() is exclusive until closed", () => {
  const first = tryLock(at("lock"));
  expect(tryLock(at("lock"))).toBeUndefined();
  close(first ?? -1);
  const second = tryLock(at("lock"));
  expect(second).toBeNumber();
  close(second ?? -1);
});

test("writeAll() writes everything; link() makes a second name", () => {
  const fd = open(at("file"), constants.O_WRONLY | constants.O_CREAT, 0o640);
  writeAll(fd, new Uint8Array(3_000_000));
  close(fd);
  link(at("file"), at("other"));
  expect(lstat(at("other"))).toMatchObject({ size: 3_000_000, links: 2 });
  expect(lstatIfAny(at("none"))).toBeUndefined();
  expect(lstatIfAny(at("file/none"))).toBeUndefined();
});
