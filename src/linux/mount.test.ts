import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "./errno.ts";
import { bindMount, mountTmpfs, setPropagation, unmount, unmountInBackground } from "./mount.ts";
import { parseMountInfo, readMountInfo } from "./mountinfo.ts";
import { checksOptions, mountOverlay } from "./overlay.ts";
import { fstat, lstat } from "./stat.ts";

let root: string;
const at = (name: string) => join(root, name);
const directory = (name: string) => {
  mkdirSync(at(name), { recursive: true });
  return at(name);
};

beforeEach(() => {
  root = mkdtempSync("/tmp/store-mount-");
});
afterEach(() => {
  for (const mount of readMountInfo().reverse()) {
    if (mount.mountPoint.startsWith(`${root}/`)) unmount(mount.mountPoint, { detach: true });
  }
  rmSync(root, { recursive: true });
});

describe("mountOverlay()", () => {
  for (const api of ["any", "classic"] as const) {
    test(`stacks lower directories, topmost first (${api})`, () => {
      for (const name of ["low", "high:with,odd chars"]) {
        writeFileSync(join(directory(name), "who"), name);
      }
      writeFileSync(at("low/only"), "low");
      const target = directory("target");
      const upper = directory("upper");
      const lower = [at("high:with,odd chars"), at("low")];
      mountOverlay({ target, lower, upper, work: directory("work") }, api);
      expect(readFileSync(join(target, "who"), "utf8")).toBe("high:with,odd chars");
      expect(readFileSync(join(target, "only"), "utf8")).toBe("low");
      rmSync(join(target, "only"));
      expect(lstat(join(upper, "only"))).toMatchObject({ major: 0, minor: 0 });
      expect(lstat(target).mountRoot).toBe(true);
      expect(unmount(target)).toBe(true);
      expect(unmount(target)).toBe(false);
      expect(lstat(target).mountRoot).toBe(false);
    });

    // mount(2) takes one page of options; Docker's own limit is 128 layers.
    const count = api === "any" ? 400 : 200;
    test(`takes ${count} layers (${api})`, () => {
      const lower = Array.from({ length: count }, (_, index) => directory(`layers/${index}`));
      writeFileSync(at(`layers/${count - 1}/deep`), "");
      const target = directory("target");
      mountOverlay({ target, lower, upper: directory("upper"), work: directory("work") }, api);
      expect(lstatSync(join(target, "deep")).isFile()).toBe(true);
    });
  }

  test("is unmounted at once with its write-back elsewhere", async () => {
    const overlay = {
      target: directory("target"),
      lower: [directory("low")],
      upper: directory("upper"),
      work: directory("work"),
    };
    mountOverlay(overlay);
    writeFileSync(at("target/big"), Buffer.alloc(20_000_000));
    expect(unmountInBackground(overlay.target)).toBe(true);
    expect(lstat(overlay.target).mountRoot).toBe(false);
    expect(unmountInBackground(overlay.target)).toBe(false);
    mountOverlay(overlay);
    expect(lstatSync(at("target/big")).size).toBe(20_000_000);
  });

  test("says what the kernel says", () => {
    const overlay = { target: directory("target"), lower: [at("missing")] };
    expect(() => mountOverlay(overlay)).toThrow(/ENOENT.*missing|missing.*ENOENT/);
  });

  test("volatile refuses the same work directory until its mark is gone", () => {
    const overlay = {
      target: directory("target"),
      lower: [directory("low")],
      upper: directory("upper"),
      work: directory("work"),
      volatile: true,
    };
    mountOverlay(overlay);
    unmount(overlay.target);
    expect(() => mountOverlay(overlay)).toThrow();
    rmSync(at("work/work/incompat/volatile"), { recursive: true });
    mountOverlay(overlay);
  });
});

describe("bindMount()", () => {
  test("is read-only when asked, and takes files", () => {
    writeFileSync(at("source"), "content");
    writeFileSync(at("target"), "");
    bindMount(at("source"), at("target"), { readonly: true, propagation: "private" });
    expect(readFileSync(at("target"), "utf8")).toBe("content");
    let refusal: unknown;
    try {
      writeFileSync(at("target"), "changed");
    } catch (error) {
      refusal = error;
    }
    expect(isErrno(refusal, Errno.EROFS)).toBe(true);
    writeFileSync(at("source"), "changed");
    expect(readFileSync(at("target"), "utf8")).toBe("changed");
  });

  test("is recursive when asked", () => {
    mountTmpfs(directory("source/inner"), "size=64k,mode=700");
    setPropagation(at("source/inner"), "private");
    writeFileSync(at("source/inner/file"), "");
    bindMount(at("source"), directory("flat"));
    bindMount(at("source"), directory("deep"), { recursive: true });
    expect(() => lstat(at("flat/inner/file"))).toThrow("ENOENT");
    expect(lstat(at("deep/inner/file")).size).toBe(0);
    expect(lstat(at("source/inner")).mode & 0o7777).toBe(0o700);
  });
});

test("parseMountInfo() reads optional fields and escapes", () => {
  const [mount] = parseMountInfo(
    "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n",
  );
  expect(mount).toEqual({
    id: 36,
    parent: 35,
    device: "98:0",
    root: "/mnt1",
    mountPoint: "/mnt 2",
    options: "rw,noatime",
    propagation: ["shared:1", "master:2"],
    type: "ext3",
    source: "/dev/root",
    superOptions: "rw,errors=continue",
  });
});

test("fstat() of a bad descriptor throws", () => {
  expect(() => fstat(-1)).toThrow("EBADF");
});

describe("checksOptions()", () => {
  test("tells a file system that refuses an unknown option at once", () => {
    expect(checksOptions("tmpfs")).toBe(true);
  });

  test("a file system that is not there checks nothing", () => {
    expect(checksOptions("no-such-file-system")).toBe(false);
  });
});
