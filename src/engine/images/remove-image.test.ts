import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { shortId } from "../../spec/index.ts";
import { ImageFixture, tarOf } from "./testing/image-fixture.ts";

let fixture: ImageFixture;
/** An image that was pulled, so it has a tag and a repository digest. */
let name: string;
let digest: string;
beforeEach(async () => {
  fixture = await ImageFixture.create();
  const layer = [await tarOf({ file: "1" }), "gzip"] as const;
  ({ digest } = await fixture.publish("app", "1", [layer], { Labels: { tier: "web" } }));
  name = `${fixture.name("app")}:1`;
  await fixture.pull(name);
  fixture.events.length = 0;
});
afterEach(async () => {
  await fixture.remove();
});

const options = { force: false, noPrune: false, platforms: [] };
const remove = (what: string, more: { force?: boolean } = {}) =>
  fixture.images.remove(what, { ...options, ...more });
const idOf = () => fixture.store.images.find(name).id;
const use = (running: boolean) =>
  fixture.users.push({ id: "c".repeat(64), name: "user", running, imageId: idOf() });

describe("removeImage()", () => {
  test("the last tag of a repository takes its digest, the image and its layers along", async () => {
    const record = fixture.store.images.find(name);
    expect(await remove(name)).toEqual([
      { Untagged: name },
      { Untagged: `${fixture.name("app")}@${digest}` },
      { Deleted: record.id },
      { Deleted: record.layers[0]?.chainId as string },
    ]);
    expect(fixture.store.images.list()).toEqual([]);
    expect(fixture.store.snapshots.layers()).toEqual([]);
    expect(fixture.events).toEqual([
      {
        type: "image",
        action: "untag",
        id: record.id,
        attributes: { tier: "web", name: record.id },
      },
      {
        type: "image",
        action: "delete",
        id: record.id,
        attributes: { name: record.id },
      },
    ]);
  });

  test("one of two tags is taken away only", async () => {
    await fixture.images.tag(name, { repo: "other", tag: "2" });
    expect(await remove("other:2")).toEqual([{ Untagged: "other:2" }]);
    expect(fixture.store.images.find(name).id).toBe(idOf());
  });

  test("an id with names in two repositories must be forced", async () => {
    await fixture.images.tag(name, { repo: "other" });
    const id = idOf();
    await expect(remove(shortId(id))).rejects.toThrow(
      `conflict: unable to delete ${shortId(id)} (must be forced) - image is referenced in multiple repositories`,
    );
    const items = await remove(shortId(id), { force: true });
    expect(items).toContainEqual({ Untagged: "other:latest" });
    expect(items).toContainEqual({ Deleted: id });
  });

  test("an id whose names are of one repository goes with them", async () => {
    expect(await remove(idOf().slice(0, 15))).toContainEqual({ Untagged: name });
    expect(fixture.store.images.list()).toEqual([]);
  });

  test("a stopped container is in the way until forced", async () => {
    use(false);
    const id = shortId(idOf());
    await expect(remove(name)).rejects.toThrow(
      `conflict: unable to remove repository reference "${name}" (must force) - container cccccccccccc is using its referenced image ${id}`,
    );
    await expect(remove(id)).rejects.toThrow(
      `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container cccccccccccc`,
    );
    expect(await remove(id, { force: true })).toContainEqual({ Untagged: name });
  });

  test("a running container is in the way of the image, and by force of its name no more", async () => {
    use(true);
    const id = idOf();
    const refusal = `conflict: unable to delete ${shortId(id)} (cannot be forced) - image is being used by running container cccccccccccc`;
    await expect(remove(id, { force: true })).rejects.toThrow(refusal);
    expect(await remove(name, { force: true })).toEqual([
      { Untagged: name },
      { Untagged: `${fixture.name("app")}@${digest}` },
    ]);
    expect(fixture.store.images.get(id)?.id).toBe(id);
    await expect(remove(id, { force: true })).rejects.toThrow(refusal);
  });

  test("a name that is none", async () => {
    await expect(remove("nothing")).rejects.toThrow("No such image: nothing:latest");
  });
});

describe("tagImage()", () => {
  test("moves a tag from one image to another", async () => {
    const other = [await tarOf({ file: "2" }), "gzip"] as const;
    await fixture.publish("app", "2", [other]);
    await fixture.pull(`${fixture.name("app")}:2`);
    await fixture.images.tag(`${fixture.name("app")}:2`, {
      repo: `${fixture.name("app")}`,
      tag: "1",
    });
    expect(idOf()).toBe(fixture.store.images.find(`${fixture.name("app")}:2`).id);
    const dangling = await fixture.images.list({
      all: false,
      sharedSize: false,
      digests: false,
      manifests: false,
      filters: { dangling: ["true"] },
    });
    expect(dangling.map(({ RepoTags, RepoDigests }) => [RepoTags, RepoDigests])).toEqual([
      [[], [`${fixture.name("app")}@${digest}`]],
    ]);
  });

  test("refuses names that Docker refuses", async () => {
    const tag = (repo: string, tag?: string) =>
      fixture.images.tag(name, { repo, ...(tag === undefined ? {} : { tag }) });
    await expect(tag(`a@${digest}`)).rejects.toThrow(
      "refusing to create a tag with a digest reference",
    );
    await expect(tag("sha256", "x")).rejects.toThrow(
      "ambiguous tag using digest algorithm as name",
    );
    await expect(tag("UPPER")).rejects.toThrow("must be lowercase");
    await expect(tag("a", "b c")).rejects.toThrow("invalid reference format");
  });
});

describe("pruneImages()", () => {
  test("takes dangling images, and all unused ones if told to", async () => {
    expect(await fixture.images.prune({})).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 });
    use(false);
    expect((await fixture.images.prune({ dangling: ["false"] })).ImagesDeleted).toBeNull();
    fixture.users.length = 0;
    expect(
      (await fixture.images.prune({ dangling: ["0"], label: ["tier=db"] })).SpaceReclaimed,
    ).toBe(0);
    const report = await fixture.images.prune({ dangling: ["false"], label: ["tier=web"] });
    expect(report.SpaceReclaimed).toBe(1);
    expect(fixture.store.images.list()).toEqual([]);
    expect(fixture.events.at(-1)).toMatchObject({
      action: "prune",
      attributes: { reclaimed: "1" },
    });
  });
});

describe("listImages()", () => {
  const list = async (filters: Record<string, string[]>) => {
    const request = { all: false, sharedSize: true, digests: true, manifests: false, filters };
    return (await fixture.images.list(request)).map(({ RepoTags }) => RepoTags);
  };

  test("filters by reference, label, age and whether it dangles", async () => {
    expect(await list({})).toEqual([[name]]);
    expect(await list({ reference: ["*/app"] })).toEqual([[name]]);
    expect(await list({ reference: [`${fixture.name("app")}:*`] })).toEqual([[name]]);
    expect(await list({ reference: ["app"] })).toEqual([]);
    expect(await list({ label: ["tier"] })).toEqual([[name]]);
    expect(await list({ label: ["tier=db"] })).toEqual([]);
    expect(await list({ dangling: ["true"] })).toEqual([]);
    expect(await list({ dangling: ["false"] })).toEqual([[name]]);
    expect(await list({ before: [name] })).toEqual([]);
    expect(await list({ since: [name] })).toEqual([]);
    expect(await list({ until: ["2026-01-03T00:00:00Z"] })).toEqual([[name]]);
    expect(await list({ until: ["2026-01-01T00:00:00Z"] })).toEqual([]);
    await expect(list({ before: ["nothing"] })).rejects.toThrow("No such image: nothing:latest");
    await expect(list({ dangling: ["perhaps"] })).rejects.toThrow(
      "invalid filter 'dangling=[perhaps]'",
    );
    await expect(list({ reference: ["["] })).rejects.toThrow("syntax error in pattern");
  });
});

test("imageHistory() names the image and sizes its layers", async () => {
  await fixture.images.tag(name, { repo: "other" });
  expect(await fixture.images.history("other")).toEqual([
    {
      Id: idOf(),
      Created: -62135596800,
      CreatedBy: "layer 0",
      Tags: [name, "other:latest"],
      Size: 1,
      Comment: "",
    },
  ]);
});
