import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeEntry, endOfArchive, paddingFor, tarEntry } from "../../archive/index.ts";
import { resolveInTree } from "../files/source-tree.ts";
import { ContextFiles } from "./context-files.ts";
import { tarContext } from "./tar-context.ts";

let root: string;
let files: ContextFiles;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-context-"));
  files = new ContextFiles(join(root, "pool"));
});
afterAll(() => rmSync(root, { recursive: true }));

type Member = [entry: Parameters<typeof tarEntry>[0], content?: string];

async function* tar(...members: Member[]): AsyncGenerator<Uint8Array> {
  for (const [entry, content = ""] of members) {
    const bytes = Buffer.from(content);
    yield encodeEntry(tarEntry({ ...entry, size: bytes.length }));
    yield bytes;
    yield paddingFor(bytes.length);
  }
  yield endOfArchive;
}

const read = (...members: Member[]) =>
  tarContext(files, tar(...members), AbortSignal.timeout(5000));

describe("tarContext()", () => {
  test("takes files, directories, links and hard links", async () => {
    const tree = await read(
      [{ path: "./", type: "directory" }],
      [{ path: "./a/b", mode: 0o640 }, "hello"],
      [{ path: "a", type: "directory", mode: 0o711 }],
      [{ path: "l", type: "symlink", linkTarget: "a/b" }],
      [{ path: "h", type: "link", linkTarget: "a/b" }],
    );
    expect(tree.list("")).toEqual(["a", "h", "l"]);
    expect(tree.stat("a")).toMatchObject({ type: "directory", mode: 0o711 });
    expect(tree.stat("h")).toMatchObject({ type: "file", mode: 0o640, size: 5 });
    expect(readFileSync(tree.location("a/b"), "utf8")).toBe("hello");
    expect(resolveInTree(tree, "l")).toBe("a/b");
  });

  test("stores large and equal files once", async () => {
    const large = "x".repeat(400_000);
    const tree = await read([{ path: "one" }, large], [{ path: "two" }, large]);
    expect(tree.location("one")).toBe(tree.location("two"));
    expect(readFileSync(tree.location("one"), "utf8")).toBe(large);
  });

  test("refuses what climbs out, and follows no link of the archive", async () => {
    await expect(read([{ path: "../../evil" }, "x"])).rejects.toThrow("points outside of it");
    await expect(read([{ path: "h", type: "link", linkTarget: "/etc/passwd" }])).rejects.toThrow(
      "hard link to nothing",
    );
    const outside = join(root, "outside");
    const tree = await read(
      [{ path: "d", type: "symlink", linkTarget: root }],
      [{ path: "d/outside" }, "x"],
      [{ path: "null", type: "character", major: 1, minor: 3 }],
    );
    expect(existsSync(outside)).toBe(false);
    expect(tree.list("")).toEqual(["d"]);
    expect(resolveInTree(tree, "d/outside")).toBeUndefined();
  });

  test("collect() spares the pool while it is used", async () => {
    await read([{ path: "kept" }, "kept"]);
    const use = files.use();
    expect(await files.collect(() => false)).toBe(0);
    use[Symbol.dispose]();
    expect(await files.collect(() => false)).toBeGreaterThan(0);
    expect(files.size()).toBe(0);
  });
});
