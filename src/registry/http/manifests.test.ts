import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MediaType, sha256 } from "../../spec/index.ts";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

const absent = `sha256:${"0".repeat(64)}`;

describe("PUT manifest (end-7)", () => {
  test("by tag", async () => {
    const manifest = await registry.imageManifest("put/tag", "layer");
    const response = await registry.putManifest("put/tag", "v1", manifest);
    expect(response.status).toBe(201);
    const digest = sha256(JSON.stringify(manifest));
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(response.headers.get("location")).toBe(`/v2/put/tag/manifests/${digest}`);
    expect(response.headers.get("oci-subject")).toBeNull();
  });

  test("by digest, with tags beside it (end-7b)", async () => {
    const manifest = await registry.imageManifest("put/digest", "layer");
    const digest = sha256(JSON.stringify(manifest));
    const response = await registry.putManifest("put/digest", `${digest}?tag=a&tag=b`, manifest);
    expect(response.status).toBe(201);
    expect(response.headers.get("oci-tag")).toBe("a, b");
    const tag = await registry.send("HEAD", "/v2/put/digest/manifests/b");
    expect(tag.headers.get("docker-content-digest")).toBe(digest);
  });

  test("by a digest that is another", async () => {
    const manifest = await registry.imageManifest("put/wrong", "layer");
    const response = await registry.putManifest("put/wrong", absent, manifest);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
  });

  test("of Docker's schema 2 and of indexes of both kinds", async () => {
    const name = "put/kinds";
    const docker = await registry.imageManifest(name, "layer", {
      mediaType: MediaType.dockerManifest,
    });
    const text = JSON.stringify(docker);
    const put = await registry.putManifest(name, "docker", docker, MediaType.dockerManifest);
    expect(put.status).toBe(201);
    for (const mediaType of [MediaType.ociIndex, MediaType.dockerManifestList]) {
      const entry = {
        mediaType: MediaType.dockerManifest,
        digest: sha256(text),
        size: text.length,
      };
      const index = { schemaVersion: 2, mediaType, manifests: [entry] };
      expect((await registry.putManifest(name, "index", index, mediaType)).status).toBe(201);
      const back = await registry.send("GET", `/v2/${name}/manifests/index`);
      expect(back.headers.get("content-type")).toBe(mediaType);
      expect(await back.text()).toBe(JSON.stringify(index));
    }
  });

  test("with a subject, which need not be there", async () => {
    const subject = { mediaType: MediaType.ociManifest, digest: absent, size: 5 };
    const manifest = await registry.imageManifest("put/subject", "layer", { subject });
    const response = await registry.putManifest("put/subject", "sig", manifest);
    expect(response.headers.get("oci-subject")).toBe(absent);
  });

  test("refuses blobs and manifests that are not there", async () => {
    const manifest = await registry.imageManifest("put/missing", "layer", {
      layers: [{ mediaType: MediaType.ociLayer, digest: absent, size: 3 }],
    });
    const response = await registry.putManifest("put/missing", "v1", manifest);
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe("MANIFEST_BLOB_UNKNOWN");
    const entry = { mediaType: MediaType.ociManifest, digest: absent, size: 3 };
    const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [entry] };
    const sparse = await registry.putManifest("put/missing", "v2", index, MediaType.ociIndex);
    expect(await codeOf(sparse)).toBe("MANIFEST_BLOB_UNKNOWN");
  });

  test("refuses another repository's blobs", async () => {
    const manifest = await registry.imageManifest("put/own", "private");
    const response = await registry.putManifest("put/thief", "v1", manifest);
    expect(await codeOf(response)).toBe("MANIFEST_BLOB_UNKNOWN");
  });

  test("takes foreign layers, which are not here", async () => {
    const layer = {
      mediaType: MediaType.dockerForeignLayerGzip,
      digest: absent,
      size: 3,
      urls: ["https://elsewhere.example/layer"],
    };
    const manifest = await registry.imageManifest("put/foreign", "layer", {
      mediaType: MediaType.dockerManifest,
      layers: [layer],
    });
    const type = MediaType.dockerManifest;
    expect((await registry.putManifest("put/foreign", "v1", manifest, type)).status).toBe(201);
  });

  test("refuses one that is too long, with 413", async () => {
    const annotations = { big: "x".repeat(5 << 20) };
    const response = await registry.putManifest("put/long", "v1", { annotations });
    expect(response.status).toBe(413);
  });

  const config = { mediaType: MediaType.ociConfig, digest: sha256("{}"), size: 2 };
  const good = { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [] };
  test.each<[string, object | string, string]>([
    ["not JSON", "{", MediaType.ociManifest],
    ["no object", "[]", MediaType.ociManifest],
    ["nested without end", "[".repeat(1 << 20), MediaType.ociManifest],
    ["no UTF-8", '{"schemaVersion":2,"a":"\ud800"}', "application/octet-stream"],
    ["schema 1", { schemaVersion: 1 }, "application/vnd.docker.distribution.manifest.v1+json"],
    ["another schema", { ...good, schemaVersion: 3 }, MediaType.ociManifest],
    ["an unknown type", { ...good, mediaType: undefined }, "text/plain"],
    ["two types", good, MediaType.dockerManifest],
    ["both kinds", { ...good, manifests: [] }, MediaType.ociManifest],
    ["no config", { ...good, config: undefined }, MediaType.ociManifest],
    ["no layers", { ...good, layers: undefined }, MediaType.ociManifest],
    [
      "a digest with a path",
      { ...good, layers: [{ ...config, digest: "sha256:../../x" }] },
      MediaType.ociManifest,
    ],
    ["a negative size", { ...good, config: { ...config, size: -1 } }, MediaType.ociManifest],
    ["a wrong size", { ...good, config: { ...config, size: 3 } }, MediaType.ociManifest],
    ["two sizes of one blob", { ...good, layers: [{ ...config, size: 9 }] }, MediaType.ociManifest],
    ["a bad media type", { ...good, config: { ...config, mediaType: "x" } }, MediaType.ociManifest],
    ["a bad subject", { ...good, subject: {} }, MediaType.ociManifest],
    ["bad annotations", { ...good, annotations: { a: 1 } }, MediaType.ociManifest],
  ])("refuses %s", async (_, manifest, type) => {
    await registry.pushBlob("put/bad", "{}");
    const response = await registry.putManifest("put/bad", "v1", manifest, type);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("MANIFEST_INVALID");
  });

  test.each([`${"t".repeat(129)}`, ".dot", "-dash", "a b"])("refuses the tag %s", async (tag) => {
    const response = await registry.putManifest("put/bad", encodeURIComponent(tag), good);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("TAG_INVALID");
  });
});

describe("GET and HEAD manifest (end-3)", () => {
  test("by tag and digest, with headers; 304 for what the client has", async () => {
    const digest = await registry.pushImage("get/a", "v1", "layer");
    for (const reference of ["v1", digest]) {
      const path = `/v2/get/a/manifests/${reference}`;
      const get = await registry.send("GET", path);
      const body = await get.text();
      expect(sha256(body)).toBe(digest);
      const head = await registry.send("HEAD", path);
      for (const response of [get, head]) {
        expect(response.status).toBe(200);
        expect(response.headers.get("content-type")).toBe(MediaType.ociManifest);
        expect(response.headers.get("docker-content-digest")).toBe(digest);
        expect(response.headers.get("content-length")).toBe(String(body.length));
        expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
      }
      const headers = { "If-None-Match": `"${digest}"` };
      expect((await registry.send("GET", path, { headers })).status).toBe(304);
    }
  });

  test("of what is not there", async () => {
    for (const reference of ["nothing", absent]) {
      for (const name of ["get/a", "get/nowhere"]) {
        const response = await registry.send("GET", `/v2/${name}/manifests/${reference}`);
        expect(response.status).toBe(404);
        expect(await codeOf(response)).toBe("MANIFEST_UNKNOWN");
      }
    }
    expect((await registry.send("HEAD", "/v2/get/a/manifests/nothing")).status).toBe(404);
  });

  test("of a malformed digest", async () => {
    const response = await registry.send("GET", "/v2/get/a/manifests/sha256:short");
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
  });
});

describe("DELETE manifest (end-9)", () => {
  test("by tag leaves the manifest, by digest takes all its tags", async () => {
    const digest = await registry.pushImage("delete/a", "v1", "layer");
    await registry.pushImage("delete/a", "v2", "layer");
    expect((await registry.send("DELETE", "/v2/delete/a/manifests/v1")).status).toBe(202);
    expect((await registry.send("GET", "/v2/delete/a/manifests/v1")).status).toBe(404);
    expect((await registry.send("GET", `/v2/delete/a/manifests/${digest}`)).status).toBe(200);
    expect((await registry.send("DELETE", `/v2/delete/a/manifests/${digest}`)).status).toBe(202);
    expect((await registry.send("GET", "/v2/delete/a/manifests/v2")).status).toBe(404);
    for (const reference of ["v1", digest]) {
      const again = await registry.send("DELETE", `/v2/delete/a/manifests/${reference}`);
      expect(again.status).toBe(404);
      expect(await codeOf(again)).toBe("MANIFEST_UNKNOWN");
    }
  });

  test("takes the manifest out of the referrers of its subject", async () => {
    const subject = await registry.pushImage("delete/b", "v1", "layer");
    const descriptor = { mediaType: MediaType.ociManifest, digest: subject, size: 10 };
    const digest = await registry.pushImage("delete/b", "s", "x", { subject: descriptor });
    const path = `/v2/delete/b/referrers/${subject}`;
    const count = async () =>
      ((await (await registry.send("GET", path)).json()) as { manifests: unknown[] }).manifests
        .length;
    expect(await count()).toBe(1);
    await registry.send("DELETE", `/v2/delete/b/manifests/${digest}`);
    expect(await count()).toBe(0);
  });
});
