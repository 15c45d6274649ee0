import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProgressMessage, shortId } from "../../spec/index.ts";
import { ImageFixture, type LayerFormat, tarOf } from "./testing/image-fixture.ts";

let fixture: ImageFixture;
beforeEach(async () => {
  fixture = await ImageFixture.create();
});
afterEach(async () => {
  await fixture.remove();
});

const statuses = (messages: readonly ProgressMessage[]) =>
  messages.map(({ id, status }) => (id === undefined ? status : `${id}: ${status}`));

async function twoLayers(format: LayerFormat = "gzip") {
  return [
    [await tarOf({ "bin/sh": "shell", "etc/os": "berth" }), format],
    [await tarOf({ "app/data": "x".repeat(100_000) }), format],
  ] as const;
}

async function fileOf(name: string, layer: number, path: string): Promise<string> {
  const record = fixture.store.images.find(name);
  const chainId = record.layers[layer]?.chainId;
  if (chainId === undefined) throw new Error("no such layer");
  const directory = fixture.store.snapshots.layerDirectory(chainId);
  return await readFile(join(directory, path), "utf8");
}

describe("pullImage()", () => {
  test("tells what Docker tells, then that the image is up to date", async () => {
    const layers = await twoLayers();
    const { digest } = await fixture.publish("app", "1", layers);
    const name = `${fixture.name("app")}:1`;
    const messages = await fixture.pull(name);
    const lines = statuses(messages);
    const record = fixture.store.images.find(name);
    expect(lines[0]).toBe("1: Pulling from app");
    expect(lines.slice(-2)).toEqual([
      `Digest: ${digest}`,
      `Status: Downloaded newer image for ${name}`,
    ]);
    for (const { blob } of record.layers) {
      const id = shortId(blob.digest);
      const own = lines.filter((line) => line?.startsWith(id)).map((line) => line?.split(": ")[1]);
      expect([...new Set(own)]).toEqual([
        "Pulling fs layer",
        "Downloading",
        "Verifying Checksum",
        "Download complete",
        "Extracting",
        "Pull complete",
      ]);
    }
    expect(await fileOf(name, 0, "etc/os")).toBe("berth");
    expect(statuses(await fixture.pull(name))).toEqual([
      "1: Pulling from app",
      `Digest: ${digest}`,
      `Status: Image is up to date for ${name}`,
    ]);
    expect(fixture.events.map(({ action, id }) => [action, id])).toEqual([
      ["pull", name],
      ["pull", name],
    ]);
  });

  for (const format of ["plain", "zstd"] as const) {
    test(`unpacks ${format} layers`, async () => {
      await fixture.publish("app", "1", await twoLayers(format));
      await fixture.pull(`${fixture.name("app")}:1`);
      expect(await fileOf(`${fixture.name("app")}:1`, 1, "app/data")).toHaveLength(100_000);
    });
  }

  test("fetches a layer once that two images pulled at once share, and says so", async () => {
    const [base, top] = await twoLayers();
    const other = [await tarOf({ other: "" }), "gzip"] as const;
    await fixture.publish("a", "1", [base, top]);
    await fixture.publish("b", "1", [base, other]);
    await Promise.all([
      fixture.pull(`${fixture.name("a")}:1`),
      fixture.pull(`${fixture.name("b")}:1`),
    ]);
    const shared = fixture.store.images.find(`${fixture.name("b")}:1`).layers[0]?.blob.digest ?? "";
    expect(fixture.registry.downloads(shared)).toBe(1);
    await fixture.publish("c", "1", [base]);
    const lines = statuses(await fixture.pull(`${fixture.name("c")}:1`));
    expect(lines).toContain(`${shortId(shared)}: Already exists`);
  });

  test("an image that has the same layer twice", async () => {
    const [base] = await twoLayers();
    await fixture.publish("twice", "1", [base, base, base]);
    await fixture.pull(`${fixture.name("twice")}:1`);
    expect(await fileOf(`${fixture.name("twice")}:1`, 2, "etc/os")).toBe("berth");
    const { blob } = fixture.store.images.find(`${fixture.name("twice")}:1`).layers[0] ?? {};
    expect(fixture.registry.downloads(blob?.digest ?? "none")).toBe(1);
  });

  test("by digest: a name without a tag", async () => {
    const { digest } = await fixture.publish("app", undefined, await twoLayers());
    const name = `${fixture.name("app")}@${digest}`;
    const lines = statuses(await fixture.pull(name));
    expect(lines[0]).toBe(`${digest}: Pulling from app`);
    expect(lines.at(-1)).toBe(`Status: Downloaded newer image for ${name}`);
    expect(await fixture.images.inspect(name)).toMatchObject({ RepoTags: [], RepoDigests: [name] });
  });

  test("every tag of a repository", async () => {
    const layers = await twoLayers();
    await fixture.publish("app", "1", layers);
    await fixture.publish("app", "2", layers, { Cmd: ["other"] });
    const lines = statuses(await fixture.pull(fixture.name("app")));
    expect(lines).toContain("1: Pulling from app");
    expect(lines).toContain("2: Pulling from app");
    expect(lines.at(-1)).toBe(`Status: Downloaded newer image for ${fixture.name("app")}`);
    expect(fixture.store.images.list()).toHaveLength(2);
  });

  test("chooses the platform's image of an index", async () => {
    const layers = await twoLayers();
    const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
    const manifests = [];
    for (const platform of platforms) {
      const descriptor = await fixture.publish("multi", undefined, layers, {}, platform);
      manifests.push({ ...descriptor, platform });
    }
    const { digest } = fixture.publishIndex("multi", "1", manifests);
    const name = `${fixture.name("multi")}:1`;
    for (const { architecture } of platforms) {
      const lines = statuses(await fixture.pull(name, `linux/${architecture}`));
      expect(lines).toContain(`Digest: ${digest}`);
      const inspected = await fixture.images.inspect(name);
      expect(inspected.Architecture).toBe(architecture);
      expect(inspected.RepoDigests).toEqual([`${fixture.name("multi")}@${digest}`]);
    }
    await expect(fixture.pull(name, "linux/s390x")).rejects.toThrow(
      "no matching manifest for linux/s390x in the manifest list entries",
    );
  });

  test("what is not there is refused before the first message", async () => {
    await expect(fixture.pull(`${fixture.name("app")}:none`)).rejects.toThrow(
      `manifest for ${fixture.name("app")}:none not found: manifest unknown: manifest unknown`,
    );
  });
});

describe("pullImage() from a registry that lies", () => {
  const nothingIsLeft = () => {
    expect(fixture.store.images.list()).toEqual([]);
    expect(fixture.store.snapshots.layers()).toHaveLength(0);
  };

  test("a blob that is not its digest", async () => {
    const [base] = await twoLayers();
    await fixture.publish("app", "1", [base]);
    const [digest = "", good = Buffer.alloc(0)] =
      [...fixture.registry.blobs].find(([, bytes]) => bytes[0] === 0x1f) ?? [];
    const bad = Buffer.from(good);
    bad[bad.length - 20] = (bad[bad.length - 20] ?? 0) ^ 1;
    fixture.registry.blobs.set(digest, bad);
    await expect(fixture.pull(`${fixture.name("app")}:1`)).rejects.toThrow();
    nothingIsLeft();
    expect(fixture.store.content.stat(digest as never)).toBeUndefined();
    fixture.registry.blobs.set(digest, good);
    await fixture.pull(`${fixture.name("app")}:1`);
    expect(await fileOf(`${fixture.name("app")}:1`, 0, "etc/os")).toBe("berth");
  });

  test("a layer that is not the configuration's", async () => {
    const [base, top] = await twoLayers();
    await fixture.publish("good", "1", [base]);
    await fixture.publish("top", "1", [top]);
    const [good, other] = [...fixture.registry.manifests.entries()]
      .filter(([key]) => key.endsWith(":1"))
      .map(([, { bytes }]) => JSON.parse(Buffer.from(bytes).toString()));
    fixture.registry.addManifest("bad", "1", { ...good, layers: other.layers });
    await expect(fixture.pull(`${fixture.name("bad")}:1`)).rejects.toThrow(
      "failed to register layer: layer verification failed",
    );
    fixture.registry.addManifest("bad", "2", { ...good, layers: [] });
    await expect(fixture.pull(`${fixture.name("bad")}:2`)).rejects.toThrow(
      "layers from manifest don't match image configuration",
    );
    nothingIsLeft();
  });
});

test("pullImage() goes on where an earlier pull was cut short", async () => {
  const random = crypto.getRandomValues(new Uint8Array(60_000));
  const tar = await tarOf({ random });
  await fixture.publish("app", "1", [[tar, "plain"]]);
  const ranges: (string | undefined)[] = [];
  const aborter = new AbortController();
  fixture.registry.intercept = (request, response) => {
    if (!request.url?.includes("blobs")) return false;
    ranges.push(request.headers.range);
    if (ranges.length !== 2) return false;
    // The second blob asked for is the layer: a part of it, then silence and a caller who leaves.
    response.writeHead(200, { "Content-Length": tar.length });
    response.write(tar.subarray(0, 20_000), () => setTimeout(() => aborter.abort(), 100));
    return true;
  };
  const reference = `${fixture.name("app")}:1`;
  const cut = (async () => {
    for await (const _ of fixture.images.pull({ reference }, aborter.signal));
  })();
  await expect(cut).rejects.toThrow();
  await fixture.reopen();
  await fixture.pull(reference);
  expect(ranges.at(-1)).toBe(`bytes=20000-${tar.length - 1}`);
  expect(await fileOf(reference, 0, "random")).toHaveLength(Buffer.from(random).toString().length);
});
