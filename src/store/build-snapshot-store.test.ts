import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildSnapshotStore, Tree } from "./index.ts";
import { StoreFixture } from "./store-fixture.ts";

let fixture: StoreFixture;
let builds: BuildSnapshotStore;
let base: Tree;

beforeEach(async () => {
  fixture = await StoreFixture.create();
  ({ builds } = fixture.store);
  const [layer] = await fixture.layers([
    [{ path: "etc/", type: "directory" }],
    [{ path: "etc/name" }, "base"],
  ]);
  base = { kind: "layers", top: layer?.chainId };
});
afterEach(async () => {
  expect(await fixture.destroy()).toEqual([]);
});

async function step(on: Tree, write: (rootfs: string) => void): Promise<Tree> {
  using workspace = builds.begin(on, { container: true });
  write(workspace.rootfs);
  return await workspace.commit();
}

function readTree(tree: Tree, path: string): string | undefined {
  using mounted = builds.mount(tree);
  const place = join(mounted.path, path);
  return existsSync(place) ? readFileSync(place, "utf8") : undefined;
}

describe("BuildSnapshotStore", () => {
  test("commit() keeps what was written on top of its base, and nothing else", async () => {
    const first = await step(base, (root) => writeFileSync(join(root, "etc/name"), "first"));
    const second = await step(first, (root) => rmSync(join(root, "etc/name")));
    expect(readTree(base, "etc/name")).toBe("base");
    expect(readTree(first, "etc/name")).toBe("first");
    expect(readTree(second, "etc/name")).toBeUndefined();
    expect(await step(second, () => undefined)).toEqual(second);
    expect(builds.list().map(({ size }) => size)).toEqual([5, 0]);
  });

  test("disposal throws away what was written", () => {
    {
      using workspace = builds.begin(base);
      writeFileSync(join(workspace.rootfs, "x"), "x");
    }
    expect(readTree(base, "x")).toBeUndefined();
    expect(builds.list()).toEqual([]);
  });

  test("begin() works on an empty tree", async () => {
    const tree = await step({ kind: "layers", top: undefined }, (root) =>
      writeFileSync(join(root, "alone"), "x"),
    );
    expect(readTree(tree, "alone")).toBe("x");
  });

  test("toLayers() makes layers that unpack to the same tree, and moves the directory", async () => {
    const first = await step(base, (root) => writeFileSync(join(root, "a"), "first"));
    const second = await step(first, (root) => rmSync(join(root, "etc/name")));
    using made = await builds.toLayers(second);
    expect(made.layers).toHaveLength(2);
    const top = made.layers[1]?.chainId;
    expect(fixture.store.snapshots.layer(top as NonNullable<typeof top>)?.parent).toBe(
      made.layers[0]?.chainId as NonNullable<typeof top>,
    );
    expect(readTree({ kind: "layers", top }, "a")).toBe("first");
    expect(readTree({ kind: "layers", top }, "etc/name")).toBeUndefined();
    expect(readTree(second, "a")).toBe("first");
    using again = await builds.toLayers(second);
    expect(again.layers).toEqual(made.layers);
  });

  test("toLayers() with notAfter gives the same layer whenever it was written", async () => {
    const digests: unknown[] = [];
    for (const content of ["same", "same"]) {
      const tree = await step(base, (root) => writeFileSync(join(root, "a"), content));
      await Bun.sleep(5);
      using made = await builds.toLayers(tree, { notAfter: 1_000_000_000 });
      digests.push(made.layers[0]?.diffId);
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test("a snapshot outlives the process, a workspace does not", async () => {
    const tree = await step(base, (root) => writeFileSync(join(root, "a"), "kept"));
    const lost = builds.begin(tree);
    ({ builds } = await fixture.reopen());
    expect(existsSync(lost.rootfs)).toBe(false);
    expect(readTree(tree, "a")).toBe("kept");
    lost[Symbol.dispose]();
  });

  test("remove() refuses what is stood upon or held, and frees layers with the last user", async () => {
    const first = await step(base, (root) => writeFileSync(join(root, "a"), "a"));
    const second = await step(first, (root) => writeFileSync(join(root, "b"), "b"));
    const [low, high] = builds.list().map(({ id }) => id) as [string, string];
    expect(builds.remove(low)).toBe(false);
    const hold = builds.hold(second);
    expect(builds.remove(high)).toBe(false);
    hold[Symbol.dispose]();
    expect(builds.remove(high)).toBe(true);
    expect(builds.remove(low)).toBe(true);
    expect(builds.has(first)).toBe(false);
    expect(fixture.store.snapshots.layers()).toEqual([]);
  });

  test("mount() with writable throws writes away", () => {
    {
      using mounted = builds.mount(base, { writable: true });
      writeFileSync(join(mounted.path, "etc/name"), "scribble");
    }
    expect(readTree(base, "etc/name")).toBe("base");
  });
});
