import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Descriptor, type Digest, MediaType } from "../../spec/index.ts";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

let registry: TestRegistry;
let subject: Digest;
const tags = ["1.0", "2.0", "beta", "latest", "v10", "v2"];
beforeAll(async () => {
  registry = await TestRegistry.start();
  for (const tag of tags.toReversed()) subject = await registry.pushImage("a/b", tag, "layer");
  await registry.pushImage("zoo", "v1", "layer");
  await registry.pushImage("a-b", "v1", "layer");
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

async function json<T>(path: string): Promise<T> {
  return (await (await registry.send("GET", path)).json()) as T;
}

/** All pages of a list. */
async function pages<T>(first: string, read: (page: T) => readonly string[]): Promise<string[][]> {
  const found: string[][] = [];
  let path: string | undefined = first;
  while (path !== undefined) {
    const response: Response = await registry.send("GET", path);
    expect(response.status).toBe(200);
    found.push([...read((await response.json()) as T)]);
    path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  }
  return found;
}

describe("tags (end-8)", () => {
  test("all, in lexical order", async () => {
    expect(await json<object>("/v2/a/b/tags/list")).toEqual({ name: "a/b", tags });
  });

  test("page by page", async () => {
    const read = (page: { tags: string[] }) => page.tags;
    expect(await pages("/v2/a/b/tags/list?n=4", read)).toEqual([tags.slice(0, 4), tags.slice(4)]);
    expect(await pages("/v2/a/b/tags/list?n=3&last=2.0", read)).toEqual([
      ["beta", "latest", "v10"],
      ["v2"],
    ]);
    expect(await pages("/v2/a/b/tags/list?n=0", read)).toEqual([[]]);
    expect(await pages("/v2/a/b/tags/list?last=zzz", read)).toEqual([[]]);
  });

  test.each(["-1", "x", "1.5", "99999999999999"])("refuse n=%s", async (n) => {
    const response = await registry.send("GET", `/v2/a/b/tags/list?n=${n}`);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("PAGINATION_NUMBER_INVALID");
  });

  test("of a repository that is not there", async () => {
    const response = await registry.send("GET", "/v2/no/where/tags/list");
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe("NAME_UNKNOWN");
  });
});

describe("_catalog", () => {
  test("all, and page by page", async () => {
    const read = (page: { repositories: string[] }) => page.repositories;
    expect(await pages("/v2/_catalog", read)).toEqual([["a-b", "a/b", "zoo"]]);
    expect(await pages("/v2/_catalog?n=2", read)).toEqual([["a-b", "a/b"], ["zoo"]]);
  });
});

describe("referrers (end-12)", () => {
  test("none of what is unknown; an index nevertheless", async () => {
    const response = await registry.send("GET", `/v2/no/where/referrers/${subject}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(MediaType.ociIndex);
    const empty = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] };
    expect(await response.json()).toEqual(empty);
  });

  test("refuse what is no digest", async () => {
    const response = await registry.send("GET", "/v2/a/b/referrers/v1");
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
  });

  test("manifests and indexes with this subject, by artifactType", async () => {
    const descriptor = { mediaType: MediaType.ociManifest, digest: subject, size: 5 };
    const annotations = { who: "me" };
    const artifactType = "application/vnd.example.sbom";
    const stated = await registry.pushImage("a/b", "sbom", "sbom", {
      subject: descriptor,
      artifactType,
      annotations,
    });
    const byConfig = await registry.pushImage("a/b", "sig", "sig", { subject: descriptor });
    const index = {
      schemaVersion: 2,
      mediaType: MediaType.ociIndex,
      manifests: [],
      subject: descriptor,
      artifactType: "application/vnd.example.list",
    };
    const put = await registry.putManifest("a/b", "list", index, MediaType.ociIndex);
    expect(put.headers.get("oci-subject")).toBe(subject);
    const path = `/v2/a/b/referrers/${subject}`;
    const { manifests } = await json<{ manifests: Descriptor[] }>(path);
    expect(manifests).toHaveLength(3);
    const sbom = manifests.find(({ digest }) => digest === stated);
    expect(sbom).toMatchObject({ mediaType: MediaType.ociManifest, artifactType, annotations });
    const filtered = await registry.send("GET", `${path}?artifactType=${artifactType}`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    const only = (await filtered.json()) as { manifests: Descriptor[] };
    expect(only.manifests.map(({ digest }) => digest)).toEqual([stated]);
    const config = await json<{ manifests: Descriptor[] }>(
      `${path}?artifactType=${encodeURIComponent(MediaType.ociConfig)}`,
    );
    expect(config.manifests.map(({ digest }) => digest)).toEqual([byConfig]);
    const pagesOf = await pages<{ manifests: Descriptor[] }>(`${path}?n=2`, (page) =>
      page.manifests.map(({ digest }) => digest),
    );
    expect(pagesOf.map((page) => page.length)).toEqual([2, 1]);
  });
});
