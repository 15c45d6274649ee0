import { describe, expect, test } from "bun:test";
import { contentDigest } from "./content-digest.ts";
import { ManifestTree } from "./manifest-tree.ts";
import { selectFiles } from "./select-files.ts";
import { resolveInTree } from "./source-tree.ts";

const file = (path: string, content = path, mode = 0o644, mtime = 1) => ({
  path,
  type: "file" as const,
  mode,
  size: 1,
  mtime,
  sha256: new Bun.CryptoHasher("sha256").update(content).digest("hex"),
});
const link = (path: string, target: string) => ({
  path,
  type: "symlink" as const,
  mode: 0o777,
  size: 0,
  mtime: 1,
  target,
});
const treeOf = (...entries: (ReturnType<typeof file> | ReturnType<typeof link>)[]) =>
  new ManifestTree(entries, (sha256) => sha256);

const tree = treeOf(
  file("a.txt"),
  file("b.txt"),
  file("src/main.c"),
  file("src/deep/util.c"),
  file("src/deep/util.o"),
  link("up", "../../src"),
  link("loop", "loop"),
);

async function select(source: string, options: { exclude?: string[]; parents?: boolean } = {}) {
  const { exclude = [], parents = false } = options;
  const selected = await selectFiles(tree, source, { exclude, parents });
  return selected.flatMap(({ items }) => items.map(({ to }) => to));
}

describe("selectFiles()", () => {
  test("a file, a directory's content, a pattern", async () => {
    expect(await select("a.txt")).toEqual(["a.txt"]);
    expect(await select("./src/")).toEqual(["", "deep", "deep/util.c", "deep/util.o", "main.c"]);
    expect(await select("*.txt")).toEqual(["a.txt", "b.txt"]);
    expect(await select("src/*/*.c")).toEqual(["util.c"]);
    expect(await select("nothing*")).toEqual([]);
    const named = treeOf(file("a-b.json"), file("a-lock.json"));
    const [first, second] = await selectFiles(named, "a-*.json", { exclude: [], parents: false });
    expect([first?.items[0]?.to, second?.items[0]?.to]).toEqual(["a-b.json", "a-lock.json"]);
  });

  test("a link is followed inside of the tree, however far up it points", async () => {
    expect(await select("up")).toContain("main.c");
    expect(resolveInTree(tree, "up/deep/../main.c")).toBe("src/main.c");
    expect(() => resolveInTree(tree, "loop")).toThrow("too many levels");
  });

  test("exclude and parents", async () => {
    expect(await select("src", { exclude: ["**/*.o"] })).not.toContain("deep/util.o");
    expect(await select("src/deep/util.c", { parents: true })).toEqual([
      "src",
      "src/deep",
      "src/deep/util.c",
    ]);
    expect(await select("src/./deep/util.c", { parents: true })).toEqual(["deep", "deep/util.c"]);
  });
});

describe("contentDigest()", () => {
  const digest = async (entry: ReturnType<typeof file>, mode?: number) => {
    const one = treeOf(entry);
    const [selected] = await selectFiles(one, "/", { exclude: [], parents: false });
    const options = { owners: false, ...(mode === undefined ? {} : { mode: () => mode }) };
    return (await contentDigest(one, selected?.items ?? [], options)).digest;
  };

  test("takes no notice of times, and of modes only where they come through", async () => {
    const before = await digest(file("f", "x", 0o644, 1));
    expect(await digest(file("f", "x", 0o644, 2))).toBe(before);
    expect(await digest(file("f", "x", 0o600))).not.toBe(before);
    expect(await digest(file("f", "y"))).not.toBe(before);
    expect(await digest(file("g", "x"))).not.toBe(before);
    expect(await digest(file("f", "x", 0o600), 0o755)).toBe(await digest(file("f", "x"), 0o755));
  });
});
