import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { mountTmpfs, unmount } from "../../linux/mount.ts";
import { lstat, lstatIfAny } from "../../linux/stat.ts";
import { getXattr } from "../../linux/xattr.ts";
import { EngineError, sha256 } from "../../spec/index.ts";
import { encodeEntry, endOfArchive, paddingFor, tarEntry } from "../tar/encode.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { UnpackOptions } from "../tree-options.ts";
import { unpackTar } from "./unpack-tar.ts";

let base: string;
let root: string;
const at = (name: string) => join(root, name);

beforeEach(() => {
  base = mkdtempSync("/tmp/store-unpack-");
  root = join(base, "root");
  mkdirSync(root);
  writeFileSync(join(base, "canary"), "alive");
});
afterEach(() => {
  expect(readFileSync(join(base, "canary"), "utf8")).toBe("alive");
  expect(readdirSync(base).sort()).toEqual(["canary", "root"]);
  rmSync(base, { recursive: true });
});

type Member = [entry: Partial<TarEntry> & { path: string }, content?: string];

const archive = (...members: Member[]): Buffer =>
  Buffer.concat([
    ...members.flatMap(([entry, content = ""]) => {
      const size = Buffer.byteLength(content);
      return [encodeEntry(tarEntry({ size, ...entry })), Buffer.from(content), paddingFor(size)];
    }),
    endOfArchive,
  ]);

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.slice(at, at + 50_000);
}

const unpack = (options: Partial<UnpackOptions>, ...members: Member[]) =>
  unpackTar(stream(archive(...members)), root, { mode: "plain", ...options });

const failure = async (work: Promise<unknown>): Promise<EngineError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
};

describe("unpackTar()", () => {
  test("makes every kind of member with its owner, mode, time and xattrs", async () => {
    const modified = { seconds: 1_600_000_000, nanoseconds: 987_654_321 };
    const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
    const common = { uid: 1234, gid: 4321, modified };
    const members: Member[] = [
      [{ ...common, path: "dir", type: "directory", mode: 0o2750 }],
      [
        {
          ...common,
          path: "dir/suid",
          mode: 0o4711,
          xattrs: new Map([["security.capability", capability]]),
        },
        "x".repeat(200_000),
      ],
      [{ ...common, path: "dir/hard", type: "link", linkTarget: "dir/suid" }],
      [{ ...common, path: "dir/symlink", type: "symlink", linkTarget: "/anywhere" }],
      [{ ...common, path: "fifo", type: "fifo", mode: 0o622 }],
      [{ ...common, path: "null", type: "character", major: 1, minor: 3, mode: 0o666 }],
      [{ ...common, path: "implied/below/file" }, "data"],
    ];
    const bytes = archive(...members);
    const result = await unpackTar(stream(bytes), root, { mode: "plain" });
    expect(result).toEqual({
      bytes: 200_004,
      files: 7,
      digest: sha256(bytes),
      tarSize: bytes.length,
      implied: ["implied", "implied/below"],
    });
    for (const name of ["dir", "dir/suid", "dir/symlink", "fifo", "null"]) {
      expect(lstat(at(name))).toMatchObject({ uid: 1234, gid: 4321, modified });
    }
    expect(lstat(at("dir")).mode).toBe(0o042750);
    expect(lstat(at("dir/suid"))).toMatchObject({ mode: 0o104711, size: 200_000, links: 2 });
    expect(lstat(at("dir/hard")).inode).toBe(lstat(at("dir/suid")).inode);
    expect(getXattr(at("dir/suid"), "security.capability")).toEqual(capability);
    expect(lstat(at("fifo")).mode).toBe(0o010622);
    expect(lstat(at("null"))).toMatchObject({ mode: 0o020666, major: 1, minor: 3 });
    expect(lstat(at("implied"))).toMatchObject({ uid: 0, mode: 0o040755 });
  });

  test("takes gzip and zstd, and hashes what they hold", async () => {
    const bytes = archive([{ path: "file" }, "content"]);
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      const { digest } = await unpackTar(stream(packed), root, { mode: "plain" });
      expect(digest).toBe(sha256(bytes));
    }
    expect(readFileSync(at("file"), "utf8")).toBe("content");
  });

  test("unpacks below a path that resolves in the root, with the owner asked for", async () => {
    mkdirSync(at("real"));
    symlinkSync("/real", at("alias"));
    await unpack({ path: "/alias", owner: { uid: 7, gid: 8 } }, [{ path: "file", uid: 99 }]);
    expect(lstat(at("real/file"))).toMatchObject({ uid: 7, gid: 8 });
    await unpack({ path: "/alias", copyOwners: false }, [{ path: "file", uid: 99 }]);
    expect(lstat(at("real/file"))).toMatchObject({ uid: 0, gid: 0 });
    expect((await failure(unpack({ path: "/none" }, [{ path: "file" }]))).kind).toBe("not-found");
  });

  test("writes into mounts that nobody else sees, made where they are missing", async () => {
    mkdirSync(at("volume"));
    mkdirSync(at("tree"));
    const mounts = [{ source: at("volume"), target: "/deep/data" }];
    await unpackTar(stream(archive([{ path: "deep/data/file" }, "x"])), at("tree"), {
      mode: "plain",
      mounts,
    });
    expect(readFileSync(at("volume/file"), "utf8")).toBe("x");
    expect(readdirSync(at("tree/deep/data"))).toEqual([]);
    const readonly = unpackTar(stream(archive([{ path: "deep/data/more" }])), at("tree"), {
      mode: "plain",
      mounts: [{ ...mounts[0], source: at("volume"), target: "/deep/data", readonly: true }],
    });
    expect((await failure(readonly)).kind).toBe("permission-denied");
  });

  test("replaces what is there, merges directories, and refuses a change of kind when asked", async () => {
    mkdirSync(at("dir/sub"), { recursive: true });
    writeFileSync(at("dir/sub/kept"), "");
    writeFileSync(at("file"), "old");
    const change: Member[] = [[{ path: "dir" }, "now a file"]];
    const refusal = await failure(unpack({ noOverwriteDirNonDir: true }, ...change));
    expect(refusal.message).toContain('cannot overwrite directory "/dir" with non-directory');
    const other = await failure(
      unpack({ noOverwriteDirNonDir: true }, [{ path: "file", type: "directory" }]),
    );
    expect(other.message).toContain('cannot overwrite non-directory "/file" with directory');
    await unpack({}, [{ path: "dir", type: "directory" }], [{ path: "file" }, "new"]);
    expect(existsSync(at("dir/sub/kept"))).toBe(true);
    expect(readFileSync(at("file"), "utf8")).toBe("new");
    await unpack({}, ...change);
    expect(readFileSync(at("dir"), "utf8")).toBe("now a file");
  });

  test("the last of two members with one name counts", async () => {
    await unpack(
      {},
      [{ path: "a" }, "first"],
      [{ path: "a", type: "directory" }],
      [{ path: "a/b" }],
      [{ path: "./a" }, "last"],
      [{ path: "s", type: "symlink", linkTarget: "a" }],
      [{ path: "s" }, "no longer a link"],
    );
    expect(readFileSync(at("a"), "utf8")).toBe("last");
    expect(readFileSync(at("s"), "utf8")).toBe("no longer a link");
  });

  test("hands on the error of its source and stops when told", async () => {
    const broken = async function* () {
      yield archive([{ path: "file" }, "content"]).subarray(0, 600);
      throw new Error("the line went dead");
    };
    await expect(unpackTar(broken(), root, { mode: "plain" })).rejects.toThrow("line went dead");
    const control = new AbortController();
    const endless = async function* () {
      yield new Uint8Array(archive([{ path: "x" }]).subarray(0, 512));
      control.abort(new Error("changed my mind"));
      await new Promise(() => {});
    };
    const aborted = unpackTar(endless(), root, { mode: "plain", signal: control.signal });
    await expect(aborted).rejects.toThrow("changed my mind");
  });

  test("takes its source to the end, beyond the archive's own", async () => {
    let finished = false;
    const source = async function* () {
      yield gzipSync(archive([{ path: "file" }, "x"]));
      for (let index = 0; index < 50; index++) yield new Uint8Array(100_000);
      finished = true;
    };
    expect((await unpackTar(source(), root, { mode: "plain" })).files).toBe(1);
    expect(finished).toBe(true);
  });

  test("does not read on when the archive is bad", async () => {
    let taken = 0;
    const endless = async function* () {
      for (; taken < 1000; taken++) yield new Uint8Array(65536).fill(0x41);
    };
    const error = await failure(unpackTar(endless(), root, { mode: "plain" }));
    expect(error.kind).toBe("invalid-argument");
    expect(taken).toBeLessThan(100);
  });
});

test("unpackTar() says that the disk is full as Docker does", async () => {
  mountTmpfs(root, "size=256k");
  try {
    const error = await failure(unpack({}, [{ path: "big" }, "x".repeat(1_000_000)]));
    expect(error.message).toBe("write: no space left on device");
  } finally {
    unmount(root);
  }
});

describe("unpackTar() contains", () => {
  const canary = "../canary";

  test("names that are absolute or climb", async () => {
    await unpack({}, [{ path: `/${canary}` }, "dead"], [{ path: "/a/../../../b" }, "b"]);
    expect(readFileSync(at("canary"), "utf8")).toBe("dead");
    expect(readFileSync(at("b"), "utf8")).toBe("b");
    for (const path of [canary, "a/../../canary", ".."]) {
      expect((await failure(unpack({}, [{ path }, "dead"]))).message).toContain("outside");
    }
  });

  test("symlinks that lead out, absolute and relative", async () => {
    for (const linkTarget of [base, "..", "../../../../../../.."]) {
      await unpack(
        {},
        [{ path: "door", type: "symlink", linkTarget }],
        [{ path: `door${linkTarget === base ? "" : base}/canary` }, "dead"],
      ).catch(() => undefined);
    }
  });

  test("hard links to what lies outside, by name and through a symlink", async () => {
    const absolute = await failure(
      unpack({}, [{ path: "hard", type: "link", linkTarget: join(base, "canary") }]),
    );
    expect(absolute.message).toContain("which is not there");
    const climbing = unpack({}, [{ path: "hard", type: "link", linkTarget: canary }]);
    expect((await failure(climbing)).message).toContain("outside");
    await unpack(
      {},
      [{ path: "way", type: "symlink", linkTarget: join(base, "canary") }],
      [{ path: "hard", type: "link", linkTarget: "way" }],
      [{ path: "hard" }, "dead"],
    );
  });

  test("a file that would be written into a device, a FIFO or a symlink made before", async () => {
    await unpack(
      {},
      [{ path: "null", type: "character", major: 1, minor: 3 }],
      [{ path: "null" }, "a file now"],
      [{ path: "pipe", type: "fifo" }],
      [{ path: "pipe" }, "does not hang"],
      [{ path: "link", type: "symlink", linkTarget: join(base, "canary") }],
      [{ path: "link" }, "dead"],
    );
    expect(readFileSync(at("null"), "utf8")).toBe("a file now");
    expect(readFileSync(at("pipe"), "utf8")).toBe("does not hang");
    expect(readFileSync(at("link"), "utf8")).toBe("dead");
  });

  test("a root that is no directory, and a name with a NUL or without end", async () => {
    await failure(unpack({}, [{ path: "/" }, "x"]));
    await failure(unpack({}, [{ path: "a/".repeat(3000) }]));
    await failure(unpack({}, [{ path: "file" }, "x"], [{ path: "file/below" }, "x"]));
  });

  test("directories that it may not read itself", async () => {
    mkdirSync(at("closed"));
    chmodSync(at("closed"), 0o000);
    await unpack({}, [{ path: "closed/file" }, "x"]);
    expect(lstat(at("closed/file")).size).toBe(1);
  });
});

describe("unpackTar() of a layer", () => {
  const layer = (...members: Member[]) => unpack({ mode: "layer" }, ...members);
  const isWhiteout = (name: string) => {
    const status = lstat(at(name));
    return (status.mode & 0o170000) === 0o020000 && status.major === 0 && status.minor === 0;
  };
  const isOpaque = (name: string) =>
    getXattr(at(name), "trusted.overlay.opaque")?.toString() === "y";

  test("turns whiteouts into overlay's", async () => {
    const result = await layer(
      [{ path: "etc", type: "directory" }],
      [{ path: "etc/.wh.gone" }],
      [{ path: "opaque/.wh..wh..opq" }],
      [{ path: "opaque/new" }, "n"],
      [{ path: ".wh..wh.plnk", type: "directory" }],
      [{ path: ".wh..wh.plnk/1.2" }, "aufs"],
    );
    expect(isWhiteout("etc/gone")).toBe(true);
    expect(isOpaque("opaque")).toBe(true);
    expect(isOpaque("etc")).toBe(false);
    expect(readdirSync(root).sort()).toEqual(["etc", "opaque"]);
    expect(result).toMatchObject({ bytes: 1, implied: ["", "opaque"] });
  });

  test("whiteouts hide lower layers only, before or after the layer's own members", async () => {
    await layer(
      [{ path: "./", type: "directory", mode: 0o700 }],
      [{ path: "before", type: "directory" }],
      [{ path: "before/own" }, "x"],
      [{ path: ".wh.before" }],
      [{ path: ".wh.after" }],
      [{ path: "after/own" }, "x"],
      [{ path: ".wh.again" }],
      [{ path: "again", type: "directory", mode: 0o711 }],
      [{ path: "file" }, "x"],
      [{ path: ".wh.file" }],
      [{ path: ".wh.late" }],
      [{ path: "late" }, "x"],
    );
    for (const name of ["before", "after", "again"]) expect(isOpaque(name)).toBe(true);
    for (const name of ["before/own", "after/own", "file", "late"]) {
      expect(lstat(at(name)).size).toBe(1);
    }
    expect(lstat(at("again")).mode & 0o777).toBe(0o711);
    expect(lstat(root).mode & 0o777).toBe(0o700);
  });

  test("refuses whiteouts of nothing, and drops overlay's own attributes", async () => {
    for (const path of [".wh.", "a/.wh..", "a/.wh..."]) await failure(layer([{ path }]));
    const xattrs = new Map([
      ["trusted.overlay.redirect", Buffer.from("/etc")],
      ["user.kept", Buffer.from("yes")],
    ]);
    await layer([{ path: "dir", type: "directory", xattrs }]);
    expect(getXattr(at("dir"), "trusted.overlay.redirect")).toBeUndefined();
    expect(getXattr(at("dir"), "user.kept")?.toString()).toBe("yes");
  });

  test("in plain mode whiteouts are files", async () => {
    await unpack({}, [{ path: ".wh.file" }, "x"]);
    expect(lstatIfAny(at(".wh.file"))?.size).toBe(1);
  });
});
