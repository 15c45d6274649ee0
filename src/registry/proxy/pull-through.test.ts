import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { type Digest, sha256 } from "../../spec/index.ts";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

let upstream: TestRegistry;
let digest: Digest;
const big = randomBytes(8 << 20);
const bigDigest = sha256(big);
beforeAll(async () => {
  upstream = await TestRegistry.start();
  digest = await upstream.pushImage("lib/app", "v1", "layer");
  await upstream.pushBlob("lib/app", big);
});
afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
});

const startCache = (settings: object = {}) =>
  TestRegistry.start({ upstreams: [{ prefix: "hub", registry: upstream.host, ...settings }] });

/** Requests that the upstream has answered, by method and path. */
function asked(text: string): number {
  return upstream.lines.filter((line) => {
    const { method, path } = JSON.parse(line) as { method: string; path: string };
    return `${method} ${path}`.includes(text);
  }).length;
}

describe("pull through", () => {
  test("fetches a manifest and a blob once, and serves them when the upstream is gone", async () => {
    await using cache = await startCache({ freshFor: "1h" });
    const before = asked("GET /v2/lib/app/manifests");
    for (const reference of ["v1", "v1", digest]) {
      const response = await cache.send("GET", `/v2/hub/lib/app/manifests/${reference}`);
      expect(sha256(await response.text())).toBe(digest);
    }
    expect(asked("GET /v2/lib/app/manifests") - before).toBe(1);
    const blobs = asked(`GET /v2/lib/app/blobs/${sha256("layer")}`);
    for (const _ of [1, 2]) {
      const response = await cache.send("GET", `/v2/hub/lib/app/blobs/${sha256("layer")}`);
      expect(await response.text()).toBe("layer");
    }
    expect(asked(`GET /v2/lib/app/blobs/${sha256("layer")}`) - blobs).toBe(1);
  });

  test("one download serves all who want a blob at once", async () => {
    await using cache = await startCache();
    const before = asked(`GET /v2/lib/app/blobs/${bigDigest}`);
    const path = `/v2/hub/lib/app/blobs/${bigDigest}`;
    const lengths: (string | null)[] = [];
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const headers = index === 0 ? { Range: "bytes=1000000-1000009" } : undefined;
        const response = await cache.send("GET", path, headers && { headers });
        lengths[index] = response.headers.get("content-length");
        return new Uint8Array(await response.arrayBuffer());
      }),
    );
    expect(Buffer.compare(answers[0] ?? new Uint8Array(), big.subarray(1_000_000, 1_000_010))).toBe(
      0,
    );
    for (const answer of answers.slice(1)) expect(sha256(answer)).toBe(bigDigest);
    expect(lengths).toEqual(["10", ...Array.from({ length: 7 }, () => String(big.length))]);
    expect(asked(`GET /v2/lib/app/blobs/${bigDigest}`) - before).toBe(1);
    const head = await cache.send("HEAD", path);
    expect(head.headers.get("content-length")).toBe(String(big.length));
  });

  test("sees a tag that was set anew, and serves the old one when the upstream is gone", async () => {
    await using second = await TestRegistry.start();
    const first = await second.pushImage("app", "latest", "one");
    const upstreams = [{ prefix: "up", registry: second.host, freshFor: "0s" }];
    await using cache = await TestRegistry.start({ upstreams });
    const current = async () =>
      (await cache.send("HEAD", "/v2/up/app/manifests/latest")).headers.get(
        "docker-content-digest",
      );
    expect(await current()).toBe(first);
    const next = await second.pushImage("app", "latest", "two");
    expect(await current()).toBe(next);
    await second[Symbol.asyncDispose]();
    expect(await current()).toBe(next);
  }, 60_000);

  test("by host and by containerd's ns", async () => {
    await using cache = await startCache({ host: "hub.example" });
    const headers = { Host: "hub.example" };
    const byHost = await cache.send("GET", "/v2/lib/app/manifests/v1", { headers });
    expect(byHost.headers.get("docker-content-digest")).toBe(digest);
    const byNs = await cache.send("GET", "/v2/lib/app/manifests/v1?ns=hub.example");
    expect(byNs.headers.get("docker-content-digest")).toBe(digest);
    expect((await cache.send("GET", "/v2/lib/app/manifests/v1")).status).toBe(404);
  });

  test("tags, referrers and what is not there", async () => {
    await using cache = await startCache();
    const tags = await (await cache.send("GET", "/v2/hub/lib/app/tags/list")).json();
    expect(tags).toEqual({ name: "hub/lib/app", tags: ["v1"] });
    const referrers = await cache.send("GET", `/v2/hub/lib/app/referrers/${digest}`);
    expect(referrers.status).toBe(200);
    const absent = `sha256:${"0".repeat(64)}`;
    for (const [path, code] of [
      ["manifests/none", "MANIFEST_UNKNOWN"],
      [`blobs/${absent}`, "BLOB_UNKNOWN"],
    ]) {
      const response = await cache.send("GET", `/v2/hub/lib/app/${path}`);
      expect(response.status).toBe(404);
      expect(await codeOf(response)).toBe(code);
    }
    expect((await cache.send("GET", "/v2/hub/no/where/tags/list")).status).toBe(404);
  });

  test("a cache cannot be pushed to", async () => {
    await using cache = await startCache();
    const response = await cache.send("POST", "/v2/hub/lib/app/blobs/uploads/");
    expect(response.status).toBe(405);
    expect(await codeOf(response)).toBe("UNSUPPORTED");
    expect((await cache.send("POST", "/v2/own/app/blobs/uploads/")).status).toBe(202);
  });

  test("a blob that is not what it should be is never given as a whole, nor kept", async () => {
    const wrong = sha256("promised");
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) =>
        new URL(request.url).pathname === "/v2/"
          ? Response.json({})
          : new Response(request.method === "HEAD" ? null : "deceived", {
              headers: { "Content-Length": "8" },
            }),
    });
    const upstreams = [{ prefix: "bad", registry: `127.0.0.1:${server.port}` }];
    await using cache = await TestRegistry.start({ upstreams });
    const outcome = await cache
      .send("GET", `/v2/bad/app/blobs/${wrong}`)
      .then((response) => response.text())
      .catch(() => "broken off");
    expect(outcome).not.toBe("deceived");
    await server.stop(true);
    const again = await cache.send("GET", `/v2/bad/app/blobs/${wrong}`).catch(() => undefined);
    expect(again?.ok).not.toBe(true);
  }, 60_000);
});
