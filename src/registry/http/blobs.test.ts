import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sha256 } from "../../spec/index.ts";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

let registry: TestRegistry;
const content = "0123456789";
const digest = sha256(content);
const path = `/v2/a/b/blobs/${digest}`;
beforeAll(async () => {
  registry = await TestRegistry.start();
  await registry.pushBlob("a/b", content);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

describe("GET and HEAD blob (end-2)", () => {
  test("whole", async () => {
    const get = await registry.send("GET", path);
    expect(await get.text()).toBe(content);
    const head = await registry.send("HEAD", path);
    for (const response of [get, head]) {
      expect(response.status).toBe(200);
      expect(response.headers.get("content-length")).toBe("10");
      expect(response.headers.get("docker-content-digest")).toBe(digest);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
      expect(response.headers.get("accept-ranges")).toBe("bytes");
    }
    const headers = { "If-None-Match": `"${digest}"` };
    expect((await registry.send("GET", path, { headers })).status).toBe(304);
  });

  test.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=0-99", content, "bytes 0-9/10"],
  ])("in part: %s", async (range, text, told) => {
    const response = await registry.send("GET", path, { headers: { Range: range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(told);
    expect(response.headers.get("content-length")).toBe(String(text.length));
    expect(await response.text()).toBe(text);
    const head = await registry.send("HEAD", path, { headers: { Range: range } });
    expect(head.headers.get("content-range")).toBe(told);
  });

  test.each(["bytes=10-", "bytes=99-100", "bytes=-0"])("416 for %s", async (range) => {
    const response = await registry.send("GET", path, { headers: { Range: range } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe("bytes */10");
  });

  test.each(["bytes=4-2", "bytes=0-1,3-4", "lines=1-2"])("whole for %s", async (range) => {
    const response = await registry.send("GET", path, { headers: { Range: range } });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(content);
  });

  test("of what is not there, or only in another repository", async () => {
    const absent = `/v2/a/b/blobs/sha256:${"0".repeat(64)}`;
    for (const wrong of [absent, path.replace("a/b", "a/c")]) {
      const response = await registry.send("GET", wrong);
      expect(response.status).toBe(404);
      expect(await codeOf(response)).toBe("BLOB_UNKNOWN");
      expect((await registry.send("HEAD", wrong)).status).toBe(404);
    }
  });

  test("of what is no digest", async () => {
    const response = await registry.send("GET", "/v2/a/b/blobs/latest");
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
  });
});

describe("DELETE blob (end-10)", () => {
  test("takes it out of one repository alone", async () => {
    const blob = await registry.pushBlob("delete/a", "shared");
    await registry.pushBlob("delete/b", "shared");
    const response = await registry.send("DELETE", `/v2/delete/a/blobs/${blob.digest}`);
    expect(response.status).toBe(202);
    expect((await registry.send("GET", `/v2/delete/a/blobs/${blob.digest}`)).status).toBe(404);
    expect((await registry.send("GET", `/v2/delete/b/blobs/${blob.digest}`)).status).toBe(200);
    const again = await registry.send("DELETE", `/v2/delete/a/blobs/${blob.digest}`);
    expect(again.status).toBe(404);
    expect(await codeOf(again)).toBe("BLOB_UNKNOWN");
  });
});

describe("the API itself", () => {
  test("/v2/ answers (end-1)", async () => {
    for (const base of ["/v2/", "/v2"]) {
      const response = await registry.send("GET", base);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({});
    }
  });

  test.each([
    ["POST", "/v2/"],
    ["POST", "/v2/_catalog"],
    ["POST", "/v2/a/tags/list"],
    ["PUT", path],
    ["POST", path],
    ["PATCH", "/v2/a/manifests/v1"],
    ["GET", "/v2/a/blobs/uploads/"],
    ["DELETE", "/v2/a/tags/list"],
  ])("%s %s is not supported", async (method, wrong) => {
    const response = await registry.send(method, wrong);
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).not.toBeNull();
    expect(await codeOf(response)).toBe("UNSUPPORTED");
  });

  test.each(["/", "/v1/search", "/v2/a/b", "/v3/", "/token"])("%s is nothing", async (wrong) => {
    expect((await registry.send("GET", wrong)).status).toBe(404);
  });

  test("answers about its health and its numbers", async () => {
    expect(await (await registry.send("GET", "/healthz")).text()).toBe("ok\n");
    const text = await (await registry.send("GET", "/metrics")).text();
    expect(text).toMatch(
      /berth_registry_requests_total\{method="GET",resource="blob",status="200"\} \d+/,
    );
    expect(text).toContain("berth_registry_request_seconds_bucket");
    expect(registry.lines.map((line) => JSON.parse(line).msg)).toContain("request");
  });
});
