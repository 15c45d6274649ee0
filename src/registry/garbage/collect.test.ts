import { describe, expect, test } from "bun:test";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { MediaType, sha256 } from "../../spec/index.ts";
import { openRegistry } from "../open-registry.ts";
import { RegistryLog } from "../registry-log.ts";
import { parseSettings } from "../registry-settings.ts";
import { FileStorage } from "../storage/file/file-storage.ts";
import { blobKey, linkKey, manifestKey, tagKey } from "../storage/layout.ts";
import { TestRegistry } from "../testing/test-registry.ts";
import { Condemned } from "./condemned.ts";

const HOUR = 3_600_000;

/** Collects as the registry itself does; what is older than an hour has passed the grace. */
async function collect(registry: TestRegistry, settings: object = {}) {
  const log = new RegistryLog("error", () => {});
  const all = parseSettings({ root: registry.root, gc: { grace: "1h" }, ...settings });
  const { collector } = await openRegistry(all, log);
  return await collector.collect();
}

async function age(registry: TestRegistry, key: string, hours = 2): Promise<void> {
  const then = new Date(Date.now() - hours * HOUR);
  await utimes(join(registry.root, key), then, then);
}

async function ageAll(registry: TestRegistry, hours = 2): Promise<void> {
  const storage = await FileStorage.open(registry.root);
  for (const prefix of ["blobs", "repositories", "uploads"]) {
    for await (const { key } of storage.list(prefix)) await age(registry, key, hours);
  }
}

async function status(registry: TestRegistry, path: string): Promise<number> {
  return (await registry.send("GET", path)).status;
}

describe("GarbageCollector", () => {
  test("removes what nothing refers to and leaves the rest", async () => {
    await using registry = await TestRegistry.start();
    const kept = await registry.pushImage("a", "v1", "kept");
    const lost = await registry.pushBlob("a", "lost");
    const deleted = await registry.pushImage("b", "v1", "only in b");
    await registry.send("DELETE", `/v2/b/manifests/${deleted}`);
    await ageAll(registry);
    const collected = await collect(registry);
    // Of a: the lost blob. Of b: its layer and its configuration, whose bytes a still has.
    expect(collected).toMatchObject({ links: 3, blobs: 2, bytes: 13 });
    expect(await status(registry, `/v2/a/manifests/${kept}`)).toBe(200);
    expect(await status(registry, `/v2/a/blobs/${sha256("kept")}`)).toBe(200);
    expect(await status(registry, `/v2/a/blobs/${lost.digest}`)).toBe(404);
    const catalog = await (await registry.send("GET", "/v2/_catalog")).json();
    expect(catalog).toEqual({ repositories: ["a"] });
    expect(await collect(registry)).toMatchObject({ links: 0, blobs: 0 });
  });

  test("leaves what is younger than the grace, also by a look or a mount", async () => {
    await using registry = await TestRegistry.start();
    const looked = await registry.pushBlob("a", "looked at");
    const mounted = await registry.pushBlob("a", "mounted");
    await registry.pushBlob("a", "old");
    await ageAll(registry);
    await registry.send("HEAD", `/v2/a/blobs/${looked.digest}`);
    await registry.send("POST", `/v2/b/blobs/uploads/?mount=${mounted.digest}&from=a`);
    await registry.pushBlob("a", "young");
    expect(await collect(registry)).toMatchObject({ links: 1, blobs: 1 });
    for (const path of [`a/blobs/${looked.digest}`, `b/blobs/${mounted.digest}`]) {
      expect(await status(registry, `/v2/${path}`)).toBe(200);
    }
  });

  test("uploads that nobody goes on with expire", async () => {
    await using registry = await TestRegistry.start();
    const old = await registry.startUpload("a");
    await registry.send("PATCH", old, { body: "x" });
    await ageAll(registry, 30);
    const young = await registry.startUpload("a");
    expect(await collect(registry)).toMatchObject({ uploads: 1 });
    expect(await status(registry, old)).toBe(404);
    expect(await status(registry, young)).toBe(204);
  });

  test("one works at a time, and a dead one is forgotten", async () => {
    await using registry = await TestRegistry.start();
    const storage = await FileStorage.open(registry.root);
    await storage.write("gc/lock", JSON.stringify({ expiresAt: Date.now() + HOUR }));
    expect(await collect(registry)).toBeUndefined();
    await storage.write("gc/lock", JSON.stringify({ expiresAt: Date.now() - 1 }));
    expect(await collect(registry)).toBeDefined();
  });

  test("pushes while it collects lose nothing", async () => {
    const gc = { grace: "2s" };
    await using registry = await TestRegistry.start({ gc });
    const stop = performance.now() + 8000;
    let removed = 0;
    const push = async (tag: string): Promise<void> => {
      const name = "race/app";
      while (performance.now() < stop) {
        // A content comes back when it is old, so that blobs are taken up again while they are swept.
        const content = `layer ${Math.floor(performance.now() / 900) % 4}`;
        const digest = await registry.pushImage(name, tag, content);
        const manifest = await registry.send("GET", `/v2/${name}/manifests/${digest}`);
        const { layers } = (await manifest.json()) as { layers: { digest: string }[] };
        const blob = await registry.send("GET", `/v2/${name}/blobs/${layers[0]?.digest}`);
        expect(await blob.text()).toBe(content);
      }
    };
    const sweep = async (): Promise<void> => {
      while (performance.now() < stop) {
        const collected = await collect(registry, { gc, retention: [{ untagged: true }] });
        removed += collected?.blobs ?? 0;
      }
    };
    await Promise.all([push("a"), push("a"), push("b"), sweep()]);
    expect(removed).toBeGreaterThan(0);
  }, 30_000);
});

describe("retention", () => {
  async function tags(registry: TestRegistry, name: string): Promise<string[]> {
    const response = await registry.send("GET", `/v2/${name}/tags/list`);
    return response.status === 404 ? [] : ((await response.json()) as { tags: string[] }).tags;
  }

  test("keeps the last n, by pattern", async () => {
    await using registry = await TestRegistry.start();
    for (const [index, tag] of ["ci-1", "ci-2", "ci-3", "release"].entries()) {
      await registry.pushImage("ci/app", tag, tag);
      await age(registry, tagKey("ci/app", tag), 10 - index);
    }
    await registry.pushImage("other", "ci-1", "x");
    const retention = [{ repositories: "ci/**", tags: "ci-*", keepLast: 1 }];
    expect(await collect(registry, { retention })).toMatchObject({ tags: 2 });
    expect(await tags(registry, "ci/app")).toEqual(["ci-3", "release"]);
    expect(await tags(registry, "other")).toEqual(["ci-1"]);
  });

  test("removes what is old, except what is excepted", async () => {
    await using registry = await TestRegistry.start();
    for (const tag of ["old", "young", "latest"]) await registry.pushImage("a", tag, tag);
    await age(registry, tagKey("a", "old"), 50);
    await age(registry, tagKey("a", "latest"), 50);
    const retention = [{ olderThan: "2d", except: "latest" }];
    expect(await collect(registry, { retention })).toMatchObject({ tags: 1 });
    expect(await tags(registry, "a")).toEqual(["latest", "young"]);
  });

  test("untagged manifests go, unless an index or a subject holds them", async () => {
    await using registry = await TestRegistry.start();
    const child = await registry.pushImage("a", "child", "child");
    const size = (await (await registry.send("GET", "/v2/a/manifests/child")).text()).length;
    const entry = { mediaType: MediaType.ociManifest, digest: child, size };
    const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [entry] };
    await registry.putManifest("a", "index", index, MediaType.ociIndex);
    await registry.send("DELETE", "/v2/a/manifests/child");
    const signature = await registry.pushImage("a", "sig", "sig", { subject: entry });
    await registry.send("DELETE", "/v2/a/manifests/sig");
    const lost = await registry.pushImage("a", "lost", "lost");
    await registry.send("DELETE", "/v2/a/manifests/lost");
    const storage = await FileStorage.open(registry.root);
    for (const digest of [child, signature, lost]) {
      const key = manifestKey("a", digest);
      // The date of the push stands in the object itself.
      const text = Buffer.from((await storage.read(key)) ?? []).toString();
      await storage.write(key, text.replace(/"pushedAt":\d+/, '"pushedAt":5'));
    }
    await ageAll(registry);
    expect(await collect(registry, { retention: [{ untagged: true }] })).toMatchObject({
      manifests: 1,
    });
    expect(await status(registry, `/v2/a/manifests/${lost}`)).toBe(404);
    for (const digest of [child, signature]) {
      expect(await status(registry, `/v2/a/manifests/${digest}`)).toBe(200);
    }
  });
});

describe("Condemned", () => {
  test("passed() waits while a key is announced, and not for others", async () => {
    await using registry = await TestRegistry.start();
    const storage = await FileStorage.open(registry.root);
    const condemned = new Condemned(storage);
    const digest = sha256("x");
    const keys = [linkKey("a", digest), blobKey(digest)];
    const sentence = { expiresAt: Date.now() + 60_000, keys };
    await storage.write("gc/sentences/a", JSON.stringify(sentence));
    await condemned.passed(["blobs/other"]);
    let passed = false;
    const waiting = condemned.passed(keys).then(() => {
      passed = true;
    });
    await Bun.sleep(60);
    expect(passed).toBe(false);
    await storage.remove("gc/sentences/a");
    await waiting;
    await storage.write("gc/sentences/b", JSON.stringify({ ...sentence, expiresAt: 5 }));
    await condemned.passed(keys);
  });

  test("passed() waits for each of two collectors", async () => {
    await using registry = await TestRegistry.start();
    const storage = await FileStorage.open(registry.root);
    for (const key of ["blobs/a", "blobs/b"]) {
      await storage.write(key, "old");
      await age(registry, key);
    }
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: wait, resolve: go } = Promise.withResolvers<void>();
    const remove = async (key: string): Promise<void> => {
      begin();
      if (key === "blobs/a") await wait;
      await FileStorage.prototype.remove.call(storage, key);
    };
    const slow = Object.assign(Object.create(storage) as FileStorage, { remove });
    const cutoff = Date.now() - HOUR;
    const first = new Condemned(slow).execute(["blobs/a"], cutoff);
    await begun;
    await new Condemned(storage).execute(["blobs/b"], cutoff);
    let passed = false;
    const waiting = new Condemned(storage).passed(["blobs/a"]).then(() => {
      passed = true;
    });
    await Bun.sleep(60);
    expect(passed).toBe(false);
    go();
    await Promise.all([first, waiting]);
    expect(await storage.stat("blobs/a")).toBeUndefined();
  });

  test("execute() spares what was touched after it was chosen", async () => {
    await using registry = await TestRegistry.start();
    const storage = await FileStorage.open(registry.root);
    await storage.write("blobs/a", "old");
    await storage.write("blobs/b", "new");
    await age(registry, "blobs/a");
    const condemned = new Condemned(storage);
    const done = await condemned.execute(["blobs/a", "blobs/b", "blobs/c"], Date.now() - HOUR);
    expect(done).toEqual({ removed: 1, bytes: 3 });
    expect(await storage.stat("blobs/b")).toBeDefined();
    expect(await Array.fromAsync(storage.list("gc/sentences"))).toEqual([]);
  });
});
