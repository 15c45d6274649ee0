import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WatchRule } from "../file/project.ts";
import { ChangeBatches } from "./change-batches.ts";
import { emptyPlan, planPath, sizeOf } from "./sync-files.ts";
import { TreeWatch } from "./tree-watch.ts";
import { WatchedRule } from "./watched-rule.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-watch-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("WatchedRule", () => {
  const rule = (more: Partial<WatchRule>) =>
    new WatchedRule(
      "web",
      { build: { context: root } },
      {
        path: join(root, "src"),
        action: "sync",
        target: "/app",
        ...more,
      },
    );

  test("knows what is below its path, and what is left alone", async () => {
    await writeFile(join(root, ".dockerignore"), "**/*.log\n");
    const watched = rule({ ignore: ["node_modules/", "*.tmp"] });
    expect(watched.within(join(root, "src"))).toBe("");
    expect(watched.within(join(root, "src/a/b"))).toBe("a/b");
    for (const path of [
      "srcs/a",
      "a",
      "src/node_modules/x",
      "src/x.tmp",
      "src/a/x.log",
      "src/.a.swp",
      "src/.git/HEAD",
      "src/a~",
    ]) {
      expect([path, watched.within(join(root, path))]).toEqual([path, undefined]);
    }
    expect(watched.inContainer("a/b")).toBe("/app/a/b");
    expect(watched.inContainer("")).toBe("/app");
    await rm(join(root, ".dockerignore"));
  });

  test("include names the files that count", () => {
    const watched = rule({ include: ["**/*.js"] });
    expect(watched.includes("a/b.js")).toBe(true);
    expect(watched.includes("a/b.css")).toBe(false);
  });

  test("a plan holds files, what is in directories, and what is gone", async () => {
    await mkdir(join(root, "src/d"), { recursive: true });
    await writeFile(join(root, "src/d/one.js"), "1");
    await writeFile(join(root, "src/d/two.css"), "2");
    const plan = emptyPlan();
    const watched = rule({ include: ["**/*.js"] });
    planPath(plan, watched, join(root, "src"));
    planPath(plan, watched, join(root, "src/gone.js"));
    expect([...plan.files.values()].map(({ target }) => target)).toEqual(["/app/d/one.js"]);
    expect([...plan.removed]).toEqual(["/app/gone.js"]);
    const later = emptyPlan();
    planPath(later, watched, join(root, "src"), Date.now() + 60_000);
    expect(sizeOf(later)).toBe(0);
  });
});

test("ChangeBatches joins what comes without a pause", async () => {
  const batches = new ChangeBatches();
  batches.add("/a");
  batches.add("/b");
  batches.add("/a");
  expect([...((await batches.next()) ?? [])]).toEqual(["/a", "/b"]);
  const pending = batches.next();
  batches.close();
  expect(await pending).toBeUndefined();
});

describe("TreeWatch", () => {
  test("tells of files that are replaced, of directories that come, go and come back", async () => {
    const seen = new Set<string>();
    let heard = Promise.withResolvers<void>();
    // A directory that is told stands for what is in it.
    const isTold = (path: string) =>
      [...seen].some((each) => path === each || path.startsWith(`${each}/`));
    const until = async (path: string) => {
      while (!isTold(join(root, path))) {
        await heard.promise;
        heard = Promise.withResolvers();
      }
      seen.clear();
    };
    const listen = (path: string) =>
      new TreeWatch(join(root, path), (changed) => {
        seen.add(changed);
        heard.resolve();
      });
    await writeFile(join(root, "conf"), "1");
    const trees = [listen("conf"), listen("late/tree")];
    await writeFile(join(root, "conf.new"), "2");
    await rename(join(root, "conf.new"), join(root, "conf"));
    await until("conf");
    await mkdir(join(root, "late"));
    await mkdir(join(root, "late/tree"));
    await until("late/tree");
    await mkdir(join(root, "late/tree/deep"));
    await until("late/tree/deep");
    await writeFile(join(root, "late/tree/deep/file"), "1");
    await until("late/tree/deep/file");
    await rm(join(root, "late"), { recursive: true });
    await until("late/tree/deep");
    await mkdir(join(root, "late/tree"), { recursive: true });
    await until("late/tree");
    for (const tree of trees) tree.close();
  });
});
