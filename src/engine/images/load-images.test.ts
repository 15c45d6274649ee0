import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { encodeEntry, tarEntry } from "../../archive/index.ts";
import { sha256, splitDigest } from "../../spec/index.ts";
import { collect, ImageFixture, tarOf } from "./testing/image-fixture.ts";

let fixture: ImageFixture;
beforeEach(async () => {
  fixture = await ImageFixture.create();
});
afterEach(async () => {
  await fixture.remove();
});

async function load(archive: Uint8Array, into = fixture): Promise<string[]> {
  const body = Readable.from([archive], { objectMode: false });
  const messages = await collect(into.images.load(body, { quiet: true, platforms: [] }));
  return messages.map(({ stream }) => stream ?? "");
}

async function save(...names: string[]): Promise<Buffer> {
  return Buffer.concat(await collect(await fixture.images.save(names, { platforms: [] })));
}

async function pulled(repository: string, content: string): Promise<string> {
  await fixture.publish(repository, "1", [[await tarOf({ file: content }), "gzip"]]);
  const name = `${fixture.name(repository)}:1`;
  await fixture.pull(name);
  return name;
}

/** What dockerd before version 25 writes: a directory for each layer, links for those that are the same. */
async function oldDockerArchive(): Promise<{ archive: Buffer; id: string }> {
  const layer = await tarOf({ "etc/os": "old" });
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [sha256(layer), sha256(layer)] },
  });
  const id = sha256(config);
  const manifest = [
    {
      Config: `${splitDigest(id)[1]}.json`,
      RepoTags: ["old:1", "old:2"],
      Layers: ["aa/layer.tar", "bb/layer.tar"],
    },
  ];
  const link = encodeEntry(
    tarEntry({ type: "symlink", path: "bb/layer.tar", linkTarget: "../aa/layer.tar" }),
  );
  const files = await tarOf({
    [`${splitDigest(id)[1]}.json`]: config,
    "aa/VERSION": "1.0",
    "aa/json": "{}",
    "aa/layer.tar": layer,
    "manifest.json": JSON.stringify(manifest),
  });
  return { archive: Buffer.concat([link, files]), id };
}

describe("saveImages() and loadImages()", () => {
  test("keep ids, digests and tags, and always write the same bytes", async () => {
    const names = [await pulled("a", "1"), await pulled("b", "2")];
    const before = names.map((name) => fixture.store.images.find(name));
    const archive = await save(...names);
    expect(sha256(await save(...names))).toBe(sha256(archive));
    for (const wrap of [(bytes: Buffer) => bytes, gzipSync, zstdCompressSync]) {
      const other = await ImageFixture.create();
      expect(await load(wrap(archive), other)).toEqual(
        names.map((name) => `Loaded image: ${name}\n`),
      );
      const after = names.map((name) => other.store.images.find(name));
      expect(after.map(({ id, manifest }) => [id, manifest])).toEqual(
        before.map(({ id, manifest }) => [id, manifest]),
      );
      await other.remove();
    }
  });

  test("a repository without a tag saves all of its tags, an id none", async () => {
    const name = await pulled("a", "1");
    await fixture.images.tag(name, { repo: "other", tag: "x" });
    await fixture.images.tag(name, { repo: "other", tag: "y" });
    const archive = await save("other");
    const byId = await save(fixture.store.images.find(name).id);
    const other = await ImageFixture.create();
    const lines = await load(archive, other);
    expect(lines).toEqual(["Loaded image: other:x\n", "Loaded image: other:y\n"]);
    const { id } = fixture.store.images.find(name);
    expect(await load(byId, other)).toEqual([`Loaded image ID: ${id}\n`]);
    await other.remove();
  });

  test("keep Docker's manifest, and have it in OCI form for other readers", async () => {
    const name = await pulled("a", "1");
    const { manifest } = fixture.store.images.find(name);
    const oci = JSON.parse(Buffer.from(fixture.store.content.read(manifest.digest)).toString());
    const docker = "application/vnd.docker";
    const document = {
      ...oci,
      mediaType: `${docker}.distribution.manifest.v2+json`,
      config: { ...oci.config, mediaType: `${docker}.container.image.v1+json` },
      layers: oci.layers.map((layer: object) => ({
        ...layer,
        mediaType: `${docker}.image.rootfs.diff.tar.gzip`,
      })),
    };
    await fixture.images.remove(name, { force: true, noPrune: false, platforms: [] });
    const { digest } = fixture.registry.addManifest("d", "1", document);
    const docker1 = `${fixture.name("d")}:1`;
    await fixture.pull(docker1);
    const archive = await save(docker1);
    const text = archive.toString("latin1");
    expect(text).toContain(manifest.digest.slice(7));
    const other = await ImageFixture.create();
    expect(await load(archive, other)).toEqual([`Loaded image: ${docker1}\n`]);
    expect(other.store.images.find(docker1).manifest.digest).toBe(digest);
    await other.remove();
  });

  test("what is not there is refused before the first byte", async () => {
    await expect(save("nothing")).rejects.toThrow("No such image: nothing:latest");
  });
});

describe("loadImages()", () => {
  test("reads what old dockerds write", async () => {
    const { archive, id } = await oldDockerArchive();
    expect(await load(archive)).toEqual(["Loaded image: old:1\n", "Loaded image: old:2\n"]);
    const record = fixture.store.images.find("old:2");
    expect(record.id as string).toBe(id);
    expect(record.layers).toHaveLength(2);
    expect(record.size).toBe(6);
  });

  test("says that a name moves", async () => {
    const { archive } = await oldDockerArchive();
    const name = await pulled("a", "1");
    const { id } = fixture.store.images.find(name);
    await fixture.images.tag(name, { repo: "old", tag: "1" });
    expect(await load(archive)).toContain(
      `The image old:1 already exists, renaming the old one with ID ${id} to empty string\n`,
    );
  });

  const broken: [string, () => Promise<Buffer>, string][] = [
    ["nothing", async () => Buffer.alloc(0), "neither manifest.json nor index.json"],
    ["no list", () => tarOf({ "manifest.json": "{}" }), "manifest.json is no list"],
    ["no JSON", () => tarOf({ "manifest.json": "{" }), "manifest.json is not JSON"],
    ["an empty list", () => tarOf({ "manifest.json": "[]" }), "the archive holds none"],
    ["text", async () => Buffer.from("x".repeat(2000)), "Cannot read the archive"],
    [
      "a missing layer",
      () =>
        tarOf({
          "c.json": '{"os":"linux","rootfs":{"diff_ids":[]}}',
          "manifest.json": '[{"Config":"c.json","Layers":["../../etc/passwd"]}]',
        }),
      '"../../etc/passwd" is missing',
    ],
    [
      "a blob that is not its name",
      () => tarOf({ [`blobs/sha256/${"a".repeat(64)}`]: "b", "index.json": "{}" }),
      "",
    ],
    [
      "a layer that is not the configuration's",
      async () =>
        tarOf({
          "c.json": `{"os":"linux","rootfs":{"diff_ids":["${sha256("other")}"]}}`,
          "l.tar": await tarOf({ file: "1" }),
          "manifest.json": '[{"Config":"c.json","RepoTags":["x:1"],"Layers":["l.tar"]}]',
        }),
      "",
    ],
    [
      "a cut-off archive",
      async () => {
        const { archive } = await oldDockerArchive();
        return archive.subarray(0, 3000);
      },
      "it ends in the middle of a member",
    ],
  ];
  for (const [what, archive, message] of broken) {
    test(`refuses ${what} and keeps nothing`, async () => {
      await expect(load(await archive())).rejects.toThrow(message);
      expect(fixture.store.images.list()).toEqual([]);
      expect(fixture.store.snapshots.layers()).toEqual([]);
    });
  }

  test("an OCI layout alone, with an index within and a name that is a tag only", async () => {
    const name = await pulled("a", "1");
    const record = fixture.store.images.find(name);
    const blob = (digest: string) => `blobs/${splitDigest(digest).join("/")}`;
    const files: Record<string, Uint8Array | string> = {};
    const { id, manifest, layers } = record;
    for (const digest of [id as string, manifest.digest, ...layers.map((one) => one.blob.digest)]) {
      files[blob(digest)] = fixture.store.content.read(digest as never);
    }
    const inner = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        { ...manifest, platform: { os: "linux", architecture: record.config.architecture } },
        {
          ...manifest,
          digest: sha256("elsewhere"),
          platform: { os: "linux", architecture: "arm64" },
        },
      ],
    });
    files[blob(sha256(inner))] = inner;
    files["index.json"] = JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: "application/vnd.oci.image.index.v1+json",
          digest: sha256(inner),
          size: inner.length,
          annotations: { "org.opencontainers.image.ref.name": "latest" },
        },
      ],
    });
    const other = await ImageFixture.create();
    expect(await load(await tarOf(files), other)).toEqual([`Loaded image ID: ${id}\n`]);
    await other.remove();
  });
});

describe("importImage()", () => {
  const importTar = async (body: Uint8Array, changes: string[] = []) => {
    const request = { source: "-", reference: "imported:1", message: "", changes };
    const stream = Readable.from([body], { objectMode: false });
    return await collect(fixture.images.import(request, stream));
  };

  test("makes an image of plain and of compressed tars", async () => {
    const tar = await tarOf({ "bin/sh": "shell" });
    for (const body of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      const [last] = await importTar(body, ['CMD ["sh"]', "ENV A=1"]);
      const record = fixture.store.images.find("imported:1");
      expect(last?.status).toBe(record.id);
      expect(record.config.rootfs.diff_ids).toEqual([sha256(tar) as never]);
      expect(record.config.config).toEqual({ Cmd: ["sh"], Env: ["A=1"] });
      expect(record.config.history?.[0]?.comment).toBe("Imported from -");
    }
  });

  test("refuses what is no tar, and changes that are none", async () => {
    await expect(importTar(Buffer.from("x".repeat(2000)))).rejects.toThrow(
      "Cannot read the archive",
    );
    await expect(importTar(await tarOf({}), ["RUN x"])).rejects.toThrow(
      "run is not a valid change command",
    );
    expect(fixture.store.images.list()).toEqual([]);
  });
});

test("pushImage() sends what is missing, and the same bytes come back", async () => {
  const name = await pulled("a", "1");
  await fixture.images.tag(name, { repo: fixture.name("b"), tag: "2" });
  const push = async (repository: string) => {
    const request = { tag: "2" };
    return await collect(fixture.images.push(fixture.name(repository), request));
  };
  const messages = await push("b");
  const { digest } = fixture.store.images.find(name).manifest;
  expect(messages.at(-1)?.aux).toMatchObject({ Tag: "2", Digest: digest });
  expect(messages.map(({ status }) => status)).toContain("Layer already exists");
  fixture.registry.blobs.clear();
  expect((await push("b")).map(({ status }) => status)).toContain("Pushed");
  await fixture.images.remove(`${fixture.name("b")}:2`, {
    force: false,
    noPrune: false,
    platforms: [],
  });
  await fixture.pull(`${fixture.name("b")}:2`);
  await expect(push("nothing")).rejects.toThrow(
    `An image does not exist locally with the tag: ${fixture.name("nothing")}`,
  );
});

test("pushImage() compresses the layers of an image that was made here", async () => {
  const tar = await tarOf({ file: "x".repeat(10_000) });
  const body = Readable.from([tar], { objectMode: false });
  const request = { source: "-", reference: fixture.name("made"), message: "", changes: [] };
  await collect(fixture.images.import(request, body));
  const { id } = fixture.store.images.find(fixture.name("made"));
  await collect(fixture.images.push(fixture.name("made"), { tag: "latest" }));
  expect(fixture.registry.blobs.has(sha256(tar))).toBe(false);
  await fixture.images.remove(id, { force: true, noPrune: false, platforms: [] });
  await fixture.pull(`${fixture.name("made")}:latest`);
  const [layer] = fixture.store.images.find(fixture.name("made")).layers;
  expect(layer?.diffId as string).toBe(sha256(tar));
  expect(layer?.blob.mediaType).toEndWith("tar+gzip");
});
