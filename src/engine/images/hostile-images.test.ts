import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type ImageConfig, MediaType, sha256 } from "../../spec/index.ts";
import { FakeRegistry } from "./testing/fake-registry.ts";
import { ImageFixture, tarOf } from "./testing/image-fixture.ts";

let fixture: ImageFixture;
beforeEach(async () => {
  fixture = await ImageFixture.create();
});
afterEach(async () => {
  await fixture.remove();
});

/** An image of one small layer, with whatever stands in `config` and in its manifest's `layer`. */
async function publish(
  config: unknown,
  layer: object = {},
  manifest: object = {},
): Promise<string> {
  const tar = await tarOf({ file: "1" });
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: { mediaType: MediaType.ociConfig, ...fixture.registry.addBlob(JSON.stringify(config)) },
    layers: [{ mediaType: MediaType.ociLayer, ...fixture.registry.addBlob(tar), ...layer }],
    ...manifest,
  };
  fixture.registry.addManifest("hostile", "1", document);
  return `${fixture.name("hostile")}:1`;
}

async function goodConfig(): Promise<ImageConfig> {
  const tar = await tarOf({ file: "1" });
  const rootfs = { type: "layers" as const, diff_ids: [sha256(tar) as never] };
  return { architecture: "amd64", os: "linux", rootfs };
}

/** No image, no layer, nothing of a layer that had begun. */
async function expectNothing(): Promise<void> {
  expect(fixture.store.images.list()).toEqual([]);
  expect(fixture.store.snapshots.layers()).toEqual([]);
  const layers = await readdir(join(fixture.directory, "data/layers"));
  expect(layers.filter((name) => name !== "empty")).toEqual([]);
}

describe("an image's configuration of wrong types is refused", () => {
  const cases: [string, unknown, string][] = [
    ["null", null, "it is no object"],
    ["a list", [], "it is no object"],
    ["config", { config: "x" }, "config is no object"],
    ["Env", { config: { Env: "A=1" } }, "config.Env is no list of texts"],
    ["Cmd", { config: { Cmd: [1] } }, "config.Cmd is no list of texts"],
    ["Labels", { config: { Labels: { a: 1 } } }, "config.Labels is no object of texts"],
    ["Volumes", { config: { Volumes: ["/x"] } }, "config.Volumes is no object"],
    ["User", { config: { User: {} } }, "config.User is no text"],
    [
      "a health check",
      { config: { Healthcheck: { Interval: "1s" } } },
      "config.Healthcheck.Interval is no whole number",
    ],
    ["history", { history: {} }, "history is no list"],
    ["an entry of the history", { history: [{}, null] }, "history[1] is no object"],
    ["created", { created: "yesterday" }, "created is no time"],
    ["os", { os: 7 }, "os is no text"],
    ["rootfs", { rootfs: "layers" }, "rootfs is no object"],
    ["DiffIDs", { rootfs: { diff_ids: ["../../etc"] } }, "rootfs.diff_ids is no list of digests"],
  ];
  for (const [what, wrong, message] of cases) {
    test(what, async () => {
      const isWhole = wrong === null || Array.isArray(wrong);
      const name = await publish(
        isWhole ? wrong : { ...(await goodConfig()), ...(wrong as object) },
      );
      await expect(fixture.pull(name)).rejects.toThrow(`invalid image configuration: ${message}`);
      await expectNothing();
    });
  }

  test("null stands for what is missing, as in what Go programs write", async () => {
    const nothing = { config: { Env: null, Labels: null }, history: null, created: null };
    const name = await publish({ ...(await goodConfig()), ...nothing });
    await fixture.pull(name);
    expect(fixture.store.images.find(name).layers).toHaveLength(1);
  });
});

describe("a manifest of wrong types is refused", () => {
  const cases: [string, object, object, string][] = [
    ["a negative size", { size: -1 }, {}, '"-1" is no size'],
    ["a size beyond all numbers", { size: 1e300 }, {}, "is no size"],
    ["a digest that climbs", { digest: "sha256:../../x" }, {}, "is no digest"],
    ["an algorithm nobody knows", { digest: `md5:${"a".repeat(32)}` }, {}, "is no digest"],
    ["URLs that are a text", { urls: "file:///etc/passwd" }, {}, "urls is no list"],
    ["a platform that is a text", { platform: "linux" }, {}, "a platform is no object"],
    ["a platform of numbers", { platform: { os: 1 } }, {}, "a platform's parts are no texts"],
    ["layers that are no list", {}, { layers: {} }, "layers is no list"],
    ["no configuration", {}, { config: null }, "is no digest"],
    ["manifest and index at once", {}, { manifests: [] }, "both an index and a manifest"],
  ];
  for (const [what, layer, manifest, message] of cases) {
    test(what, async () => {
      const name = await publish(await goodConfig(), layer, manifest);
      await expect(fixture.pull(name)).rejects.toThrow(message);
      await expectNothing();
    });
  }

  test("an index that holds itself, or names what every object has", async () => {
    const inner = fixture.publishIndex("hostile", "inner", []);
    const platform = { os: "linux", architecture: "constructor" };
    fixture.publishIndex("hostile", "names", [{ ...inner, platform }]);
    await expect(fixture.pull(`${fixture.name("hostile")}:names`)).rejects.toThrow("no matching");
    fixture.publishIndex("hostile", "nested", [inner]);
    await expect(fixture.pull(`${fixture.name("hostile")}:nested`)).rejects.toThrow(
      "An index within an index is not supported",
    );
    await expectNothing();
  });
});

describe("a layer that", () => {
  /** Pulls an image whose one layer is these bytes, under the DiffID of `tar`. */
  async function pullLayer(blob: Uint8Array, tar: Uint8Array): Promise<string> {
    const rootfs = { type: "layers", diff_ids: [sha256(tar)] };
    const name = await publish({ ...(await goodConfig()), rootfs }, fixture.registry.addBlob(blob));
    await fixture.pull(name);
    const chainId = fixture.store.images.find(name).layers[0]?.chainId;
    if (chainId === undefined) throw new Error("no layer");
    return fixture.store.snapshots.layerDirectory(chainId);
  }

  test("is a thousand times as large unpacked is gone again when it is not what it should be", async () => {
    const bomb = gzipSync(await tarOf({ zeros: new Uint8Array(64 << 20) }));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(pullLayer(bomb, Buffer.from("another"))).rejects.toThrow(
      "layer verification failed",
    );
    await expectNothing();
  });

  test("is compressed noise", async () => {
    const noise = gzipSync(crypto.getRandomValues(new Uint8Array(60_000)));
    await expect(pullLayer(noise, Buffer.from("x"))).rejects.toThrow("Cannot read the archive");
    await expectNothing();
  });

  test("ends in the middle, compressed or not", async () => {
    const tar = await tarOf({ file: crypto.getRandomValues(new Uint8Array(50_000)) });
    for (const cut of [tar.subarray(0, 20_000), gzipSync(tar).subarray(0, 20_000)]) {
      await expect(pullLayer(cut, tar)).rejects.toThrow("failed to register layer");
    }
    await expectNothing();
  });

  test("has one name ten thousand times keeps the last", async () => {
    const one = async (text: string) => (await tarOf({ file: text })).subarray(0, 1024);
    const first = await one("first");
    const members = Array.from({ length: 10_000 }, () => first);
    const tar = Buffer.concat([...members, await one("last"), new Uint8Array(1024)]);
    const directory = await pullLayer(gzipSync(tar), tar);
    expect(await readdir(directory)).toEqual(["file"]);
    expect(await readFile(join(directory, "file"), "utf8")).toBe("last");
  });

  test("hides everything there is, itself too, stays within itself", async () => {
    const names = [".wh..wh..opq", ".wh.etc", "etc/.wh..wh..opq", "etc/passwd", "etc/.wh.passwd"];
    const tar = await tarOf(Object.fromEntries([...names, ".wh.etc/x"].map((name) => [name, ""])));
    const directory = await pullLayer(tar, tar);
    expect(await readdir(join(directory, "etc"))).toEqual(["passwd"]);
    for (const name of [".wh...", ".wh..", ".wh."]) {
      const bad = await tarOf({ [name]: "" });
      await expect(pullLayer(bad, bad)).rejects.toThrow("a whiteout hides");
    }
  });
});

test("a blob that another registry gives after a redirect is verified", async () => {
  const other = await FakeRegistry.start();
  try {
    const name = await publish(await goodConfig());
    for (const [digest, bytes] of fixture.registry.blobs) {
      other.blobs.set(digest, Buffer.alloc(bytes.length, "x"));
    }
    fixture.registry.intercept = (request, response) => {
      response.writeHead(307, { Location: `http://${other.address}${request.url}` }).end();
      return true;
    };
    await expect(fixture.pull(name)).rejects.toThrow("image config verification failed");
    expect(other.requests.length).toBeGreaterThan(0);
    await expectNothing();
  } finally {
    other.stop();
  }
});
