import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../spec/index.ts";
import { fromByteString, toByteString } from "../byte-string.ts";
import { encodeEntry, endOfArchive, paddingFor, tarEntry } from "./encode.ts";
import type { TarEntry } from "./entry.ts";
import { TarReader } from "./reader.ts";

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

interface Member {
  entry: TarEntry;
  data: Buffer;
}

async function readArchive(bytes: Uint8Array, chunk = 1000): Promise<Member[]> {
  const reader = new TarReader(inChunks(bytes, chunk));
  const members: Member[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const data = Buffer.alloc(entry.size);
    for (let part = await reader.read(); part !== undefined; part = await reader.read()) {
      part.copy(data, reader.position);
    }
    members.push({ entry, data });
  }
  return members;
}

const archive = (...members: [Partial<TarEntry> & { path: string }, string?][]): Buffer =>
  Buffer.concat([
    ...members.flatMap(([entry, data = ""]) => {
      const size = Buffer.byteLength(data);
      return [encodeEntry(tarEntry({ size, ...entry })), Buffer.from(data), paddingFor(size)];
    }),
    endOfArchive,
  ]);

describe("TarReader reads what encodeEntry() writes", () => {
  const long = `${"directory/".repeat(30)}file`;
  const entries: TarEntry[] = [
    tarEntry({ path: "plain", size: 5, mode: 0o4755, uid: 1000, gid: 2000 }),
    tarEntry({ path: "dir/", type: "directory" }),
    tarEntry({ path: long, size: 5 }),
    tarEntry({ path: `${"d/".repeat(60)}ustar-prefix`, size: 5 }),
    tarEntry({ path: toByteString("größe/日本"), userName: "root" }),
    tarEntry({ path: "\xff\xfe bytes" }),
    tarEntry({ path: "link", type: "symlink", linkTarget: `/${long}` }),
    tarEntry({ path: "hard", type: "link", linkTarget: "plain" }),
    tarEntry({ path: "null", type: "character", major: 1, minor: 3, mode: 0o666 }),
    tarEntry({ path: "disk", type: "block", major: 259, minor: 2 }),
    tarEntry({ path: "pipe", type: "fifo" }),
    tarEntry({ path: "ids", uid: 4_000_000_000, gid: 3_000_000 }),
    tarEntry({ path: "old", modified: { seconds: -2, nanoseconds: 500_000_000 } }),
    tarEntry({ path: "new", modified: { seconds: 1_700_000_000, nanoseconds: 7 } }),
    tarEntry({ path: "future", modified: { seconds: 2 ** 40, nanoseconds: 0 } }),
    tarEntry({
      path: "xattrs",
      xattrs: new Map([
        ["security.capability", Buffer.from([1, 0, 0, 2, 10, 61, 0, 255])],
        ["user.empty", Buffer.alloc(0)],
        ["user.newline", Buffer.from("a\nb=c")],
      ]),
    }),
  ];
  for (const chunk of [1, 511, 512, 100_000]) {
    test(`in chunks of ${chunk}`, async () => {
      const bytes = Buffer.concat([
        ...entries.flatMap((entry) => [
          encodeEntry(entry),
          Buffer.from("12345".slice(0, entry.size)),
          paddingFor(entry.size),
        ]),
        endOfArchive,
      ]);
      const members = await readArchive(bytes, chunk);
      expect(members.map(({ entry }) => entry.path)).toEqual(entries.map(({ path }) => path));
      members.forEach(({ entry, data }, index) => {
        const { xattrs, ...rest } = entries[index] as TarEntry;
        expect(entry).toMatchObject(rest);
        const plain = (map: TarEntry["xattrs"]) =>
          [...map].map(([name, value]) => [name, Buffer.from(value).toString("hex")]).sort();
        expect(plain(entry.xattrs)).toEqual(plain(xattrs));
        expect(data.toString()).toBe("12345".slice(0, entry.size));
      });
    });
  }

  test("unread data is skipped", async () => {
    const bytes = archive([{ path: "a" }, "x".repeat(5000)], [{ path: "b" }, "y"]);
    const reader = new TarReader(inChunks(bytes, 700));
    await reader.next();
    await reader.read();
    expect((await reader.next())?.path).toBe("b");
    expect((await reader.readAll(10)).toString()).toBe("y");
    expect(await reader.next()).toBeUndefined();
  });

  test("a length of a PAX record may gain a digit by counting itself", async () => {
    for (let length = 80; length < 130; length++) {
      const path = toByteString(`ü${"x".repeat(length)}`);
      const [member] = await readArchive(archive([{ path }]));
      expect(member?.entry.path).toBe(path);
    }
  });
});

describe("TarReader reads GNU tar's archives", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync("/tmp/store-tar-");
    const deep = join(root, "tree", "n".repeat(120));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, "m".repeat(150)), "long name");
    symlinkSync("t".repeat(200), join(root, "tree/symlink"));
    const sparse = Buffer.alloc(3_000_000);
    sparse.write("start", 0);
    sparse.write("middle", 1_500_000);
    writeFileSync(join(root, "tree/sparse"), "");
    for (const [text, at] of [
      ["start", 0],
      ["middle", 1_500_000],
    ] as const) {
      spawnSync("dd", [`of=${root}/tree/sparse`, "conv=notrunc", "bs=1", `seek=${at}`], {
        input: text,
      });
    }
    spawnSync("truncate", ["-s", "3000000", join(root, "tree/sparse")]);
    expect(readFileSync(join(root, "tree/sparse")).equals(sparse)).toBe(true);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const forms: string[][] = [
    ["--format=gnu", "--sparse"],
    ["--format=pax", "--sparse", "--sparse-version=0.0"],
    ["--format=pax", "--sparse", "--sparse-version=0.1"],
    ["--format=pax", "--sparse", "--sparse-version=1.0"],
    ["--format=gnu"],
    ["--format=pax"],
  ];
  for (const form of forms) {
    test(form.join(" "), async () => {
      const { stdout } = spawnSync("tar", ["-C", root, ...form, "-cf", "-", "tree"], {
        maxBuffer: 1 << 26,
      });
      const members = await readArchive(stdout);
      const named = (end: string) => members.find(({ entry }) => entry.path.endsWith(end));
      expect(named("m".repeat(150))?.data.toString()).toBe("long name");
      expect(named("symlink")?.entry.linkTarget).toBe("t".repeat(200));
      const sparse = named("tree/sparse");
      const hash = (data: Uint8Array | undefined) =>
        createHash("sha256")
          .update(data ?? "")
          .digest("hex");
      expect(hash(sparse?.data)).toBe(hash(readFileSync(join(root, "tree/sparse"))));
      if (form.includes("--sparse")) expect(sparse?.entry.sparse?.length).toBeGreaterThan(1);
    });
  }

  test("GNU tar reads what encodeEntry() writes", () => {
    const bytes = archive(
      [{ path: toByteString(`${"d/".repeat(140)}größe`) }, "content"],
      [{ path: "old", modified: { seconds: -100, nanoseconds: 0 } }],
    );
    const { stdout, stderr } = spawnSync("tar", ["-tvf", "-", "--quoting-style=literal"], {
      input: bytes,
      env: { TZ: "UTC", LC_ALL: "C.UTF-8", PATH: process.env["PATH"] },
    });
    expect(stderr.toString().replace(/.*implausibly old.*\n/, "")).toBe("");
    expect(stdout.toString()).toContain("größe");
    expect(stdout.toString()).toContain("1969-12-31 23:58 old");
  });
});

describe("TarReader refuses", () => {
  const refuses = async (bytes: Uint8Array, why: string) => {
    const failure = await readArchive(bytes).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineError);
    expect((failure as EngineError).kind).toBe("invalid-argument");
    expect((failure as EngineError).message).toContain(why);
  };
  const good = archive([{ path: "file" }, "content"]);

  test("a wrong checksum", async () => {
    const bytes = Buffer.from(good);
    bytes[0] = 0x41;
    await refuses(bytes, "checksum");
  });
  test("an end inside of a header or of data", async () => {
    await refuses(good.subarray(0, 100), "ends in the middle");
    await refuses(good.subarray(0, 515), "ends in the middle");
    await refuses(good.subarray(0, 600), "ends in the middle");
  });
  test("a special header that would fill the memory", async () => {
    const bytes = Buffer.from(encodeEntry(tarEntry({ path: "x", size: 0o7777777777 })));
    bytes.write("L", 156);
    bytes.fill(0x20, 148, 156);
    let sum = 0;
    for (const byte of bytes) sum += byte;
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    await refuses(bytes, "too large");
  });
  test("members after the end", async () => {
    await refuses(Buffer.concat([new Uint8Array(512), good]), "after its end");
  });
  test("noise, whatever it is", async () => {
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(archive([{ path: "ü".repeat(99) }, "content"], [{ path: "b" }]));
      for (let flips = 0; flips < 3; flips++) {
        bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256);
      }
      const result = await readArchive(bytes).catch((error: unknown) => error);
      if (!Array.isArray(result)) expect(result).toBeInstanceOf(EngineError);
    }
  });
});

test("an archive may end without its zero blocks", async () => {
  const bytes = archive([{ path: "a" }, "x"]).subarray(0, 1024);
  expect(await readArchive(bytes)).toHaveLength(1);
  expect(await readArchive(new Uint8Array(0))).toHaveLength(0);
});

test("byte strings survive a round trip", () => {
  expect(fromByteString(toByteString("größe 日本"))).toBe("größe 日本");
  expect(toByteString("plain")).toBe("plain");
});
