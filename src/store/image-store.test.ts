import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Digest, type ImageId, parseReference, sha256 } from "../spec/index.ts";
import { StoreFixture } from "./store-fixture.ts";

let fixture: StoreFixture;
const images = () => fixture.store.images;
const reference = parseReference;
beforeEach(async () => {
  fixture = await StoreFixture.create();
});
afterEach(async () => {
  expect(await fixture.destroy()).toEqual([]);
});

const file = (name: string, content = name) =>
  [[{ path: name }, content]] as [[{ path: string }, string]];

describe("ImageStore", () => {
  test("keeps what is recorded, over a restart, and its references when it is recorded again", async () => {
    const id = await fixture.image("one", await fixture.layers(file("a")));
    images().tag(reference("one"), id);
    const tagged = images().get(id);
    expect(tagged?.lastTagTime).not.toStartWith("0001");
    await fixture.image("one", await fixture.layers(file("a")));
    await fixture.reopen();
    expect(images().get(id)).toEqual(tagged as NonNullable<typeof tagged>);
    expect(images().list()).toHaveLength(1);
    expect(images().references(id)).toEqual([
      { reference: "docker.io/library/one:latest", imageId: id },
    ]);
  });

  test("find() takes references, ids and prefixes", async () => {
    const id = await fixture.image("app", []);
    const manifest = images().get(id)?.manifest.digest as Digest;
    images().tag(reference("localhost:5000/team/app:v1"), id);
    images().tag(reference("app"), id);
    images().tag(reference(`app@${manifest}`), id);
    const hex = id.slice("sha256:".length);
    for (const name of [
      "app",
      "app:latest",
      "docker.io/library/app",
      "localhost:5000/team/app:v1",
      `app@${manifest}`,
      `app:whatever@${manifest}`,
      id,
      hex,
      hex.slice(0, 12),
      `sha256:${hex.slice(0, 7)}`,
    ]) {
      expect(images().find(name).id).toBe(id);
    }
    expect(images().resolve(reference(`app@${manifest}`))).toEqual({
      reference: `docker.io/library/app@${manifest}`,
      imageId: id,
      digest: manifest,
    });
  });

  test("find() says what is missing with Docker's words", () => {
    const none = `sha256:${"0".repeat(64)}`;
    const cases: [string, string][] = [
      ["nothing", "No such image: nothing:latest"],
      ["nothing:v1", "No such image: nothing:v1"],
      ["localhost:5000/x", "No such image: localhost:5000/x:latest"],
      [none, `No such image: ${none}`],
      ["deadbeef", "No such image: deadbeef:latest"],
    ];
    for (const [name, message] of cases) {
      expect(() => images().find(name)).toThrow(
        expect.objectContaining({ kind: "not-found", message }),
      );
    }
    expect(() => images().find("Not/Valid")).toThrow("must be lowercase");
  });

  test("a reference wins over a prefix, and an ambiguous prefix is nobody's", async () => {
    const ids: ImageId[] = [];
    while (new Set(ids.map((id) => id[7])).size === ids.length) {
      ids.push(await fixture.image(`image ${ids.length}`, []));
    }
    const last = ids.at(-1) as ImageId;
    const twin = ids.find((id) => id[7] === last[7]) as ImageId;
    expect(() => images().find(last.slice(7, 8))).toThrow("No such image");
    expect(images().find(last.slice(7, 20)).id).toBe(last);
    images().tag(reference(last.slice(7, 20)), twin);
    expect(images().find(last.slice(7, 20)).id).toBe(twin);
  });

  test("tag() moves a reference and tells whose it was", async () => {
    const [one, two] = [await fixture.image("one", []), await fixture.image("two", [])];
    expect(images().tag(reference("x"), one)).toBeUndefined();
    expect(images().tag(reference("x"), two)).toBe(one);
    expect(images().references(one)).toEqual([]);
    expect(images().untag(reference("x:latest"))).toBe(two);
    expect(images().untag(reference("x:latest"))).toBeUndefined();
    expect(() => images().tag(reference("x"), sha256("none") as string as ImageId)).toThrow(
      "No such image",
    );
  });

  test("an image without its layers is refused; children are found", async () => {
    const parent = await fixture.image("parent", []);
    const record = images().get(parent);
    if (record === undefined) throw new Error("not recorded");
    const chainId = sha256("none") as never;
    const blob = { mediaType: "x", digest: sha256("b"), size: 1 };
    const layers = [{ chainId, diffId: chainId, blob }];
    expect(() => images().put({ ...record, layers })).toThrow("is not there");
    const child = sha256("child") as string as ImageId;
    images().put({ ...record, id: child, parent });
    expect(images().children(parent)).toEqual([child]);
  });
});

describe("ImageStore.remove()", () => {
  const layerNames = () => readdirSync(join(fixture.root, "layers"));

  test("frees layers and blobs that no other image uses, and those alone", async () => {
    const shared = file("shared");
    const first = await fixture.layers(shared, file("one", "1234567"));
    const second = await fixture.layers(shared, file("two"));
    const one = await fixture.image("one", first);
    const two = await fixture.image("two", second);
    images().tag(reference("one"), one);
    const blob = first[1]?.blob as Digest;
    expect(images().remove(one)).toEqual({
      untagged: ["docker.io/library/one:latest"],
      deleted: [one],
      layers: [first[1]?.chainId as never],
      freed: 7,
    });
    expect(fixture.store.content.stat(blob)).toBeUndefined();
    expect(fixture.store.content.stat(one as string as Digest)).toBeUndefined();
    expect(fixture.store.content.stat(first[0]?.blob as Digest)).toBeDefined();
    expect(layerNames()).toHaveLength(2);
    expect(() => images().remove(one)).toThrow("No such image");
    images().remove(two);
    expect(layerNames()).toEqual([]);
    expect(fixture.store.content.list()).toEqual([]);
    expect(images().references()).toEqual([]);
  });

  test("keeps what a container stands on, with its blobs, until that is gone", async () => {
    const layers = await fixture.layers(file("a"), file("b"));
    const id = await fixture.image("image", layers);
    fixture.store.snapshots.prepareContainer(
      "c",
      layers.map(({ chainId }) => chainId),
    );
    expect(images().remove(id).layers).toEqual([]);
    for (const { blob } of layers) expect(fixture.store.content.stat(blob as Digest)).toBeDefined();
    const root = fixture.store.snapshots.mount("c");
    expect(existsSync(join(root, "b"))).toBe(true);
    fixture.store.snapshots.removeContainer("c");
    expect(layerNames()).toEqual([]);
    expect(fixture.store.content.list()).toEqual([]);
  });

  test("keeps what is held: a pull that is about to need it", async () => {
    const layers = await fixture.layers(file("a"));
    const id = await fixture.image("image", layers);
    const [layer] = layers;
    if (layer === undefined) throw new Error("no layer");
    {
      using _hold = fixture.store.snapshots.hold(layer.chainId);
      images().remove(id);
      expect(fixture.store.snapshots.layer(layer.chainId)).toBeDefined();
      expect(fixture.store.content.stat(layer.blob as Digest)).toBeDefined();
    }
    await fixture.store.collectGarbage({ minAge: -1 });
    expect(fixture.store.snapshots.layer(layer.chainId)).toBeUndefined();
  });
});
