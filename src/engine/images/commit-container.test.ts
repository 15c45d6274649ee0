import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TarReader } from "../../archive/index.ts";
import type { ImageCommitOptions, ImageId } from "../../spec/index.ts";
import { ImageFixture, tarOf } from "./testing/image-fixture.ts";

const ID = "d".repeat(64);
let fixture: ImageFixture;
let rootfs: string;
let base: ImageId;
beforeEach(async () => {
  fixture = await ImageFixture.create();
  const layer = [await tarOf({ "etc/os": "base", "etc/gone": "x" }), "gzip"] as const;
  await fixture.publish("base", "1", [layer], {
    Env: ["PATH=/bin"],
    Cmd: ["sh"],
    OnBuild: ["RUN x"],
  });
  await fixture.pull(`${fixture.name("base")}:1`);
  const record = fixture.store.images.find(`${fixture.name("base")}:1`);
  base = record.id;
  const { snapshots } = fixture.store;
  snapshots.prepareContainer(
    ID,
    record.layers.map(({ chainId }) => chainId),
  );
  rootfs = snapshots.mount(ID);
  const config = { Env: ["PATH=/bin", "X=1"], Cmd: ["sh", "-c", "true"], Labels: { a: "b" } };
  fixture.sources.set(ID, { id: ID, imageId: base, name: "worker", config });
  fixture.events.length = 0;
});
afterEach(async () => {
  fixture.store.snapshots.unmount(ID);
  await fixture.remove();
});

const commit = (more: Partial<ImageCommitOptions> = {}) =>
  fixture.images.commit({
    container: ID,
    comment: "",
    author: "",
    pause: true,
    changes: [],
    ...more,
  });

describe("commitContainer()", () => {
  test("adds what the container has changed, with the changes that were asked for", async () => {
    writeFileSync(join(rootfs, "etc/new"), "new");
    chmodSync(join(rootfs, "etc/new"), 0o640);
    rmSync(join(rootfs, "etc/gone"));
    const { Id } = await commit({
      repo: "made",
      tag: "2",
      author: "me",
      comment: "why",
      changes: ["ENV Y=2", 'ENTRYPOINT ["/go"]'],
    });
    const record = fixture.store.images.find("made:2");
    expect(record.id as string).toBe(Id);
    expect(record.parent).toBe(base);
    expect(record.layers).toHaveLength(2);
    expect(record.config.config).toMatchObject({
      Env: ["Y=2", "PATH=/bin", "X=1"],
      Entrypoint: ["/go"],
      Labels: { a: "b" },
      OnBuild: null,
    });
    expect(record.config.author).toBe("me");
    expect(record.config.history?.at(-1)).toMatchObject({
      author: "me",
      comment: "why",
      created_by: "sh -c true",
    });
    const copy = "e".repeat(64);
    fixture.store.snapshots.prepareContainer(
      copy,
      record.layers.map(({ chainId }) => chainId),
    );
    await fixture.store.snapshots.withMounted(copy, async (root) => {
      expect(readFileSync(join(root, "etc/new"), "utf8")).toBe("new");
      expect(readFileSync(join(root, "etc/os"), "utf8")).toBe("base");
      expect(() => readFileSync(join(root, "etc/gone"))).toThrow("ENOENT");
    });
    expect(fixture.paused).toEqual([ID]);
    expect(fixture.events.map(({ type, action, id }) => [type, action, id])).toEqual([
      ["image", "create", Id],
      ["image", "tag", Id],
      ["container", "commit", ID],
    ]);
    expect(fixture.events.at(-1)?.attributes).toMatchObject({
      imageID: Id,
      imageRef: "made:2",
      name: "worker",
      comment: "why",
    });
  });

  test("a container that has changed nothing makes an image without a new layer", async () => {
    const { Id } = await commit({ pause: false });
    const record = fixture.store.images.find(Id);
    expect(record.layers).toHaveLength(1);
    expect(record.config.history?.at(-1)?.empty_layer).toBe(true);
    expect(fixture.paused).toEqual([]);
    await expect(
      fixture.images.remove(base, { force: true, noPrune: false, platforms: [] }),
    ).rejects.toThrow("(cannot be forced) - image has dependent child images");
  });

  test("refuses malformed names and changes before it does anything", async () => {
    await expect(commit({ repo: "UPPER" })).rejects.toThrow("must be lowercase");
    await expect(commit({ changes: ["FROM x"] })).rejects.toThrow("from is not a valid change");
    await expect(commit({ container: "nobody" })).rejects.toThrow("No such container: nobody");
    expect(fixture.paused).toEqual([]);
  });
});

test("exportContainer() is the whole tree, and leaves nothing mounted", async () => {
  writeFileSync(join(rootfs, "etc/new"), "new");
  fixture.store.snapshots.unmount(ID);
  const reader = new TarReader(await fixture.images.exportContainer(ID));
  const paths: string[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    paths.push(entry.path);
  }
  expect(paths).toContain("etc/os");
  expect(paths).toContain("etc/new");
  expect(fixture.store.snapshots.isMounted(ID)).toBe(false);
  await expect(fixture.images.exportContainer("nobody")).rejects.toThrow("No such container");
});
