import { describe, expect, test } from "bun:test";
import { sha256 } from "../../spec/index.ts";
import { codeOf, TestRegistry } from "../testing/test-registry.ts";

describe("quotas", () => {
  const quotas = [{ namespace: "team", bytes: "100B" }];

  test("refuse a blob that does not fit, while it comes, and count each once", async () => {
    await using registry = await TestRegistry.start({ quotas });
    await registry.pushBlob("team/a", "x".repeat(60));
    // The same blob in the same namespace.
    await registry.pushBlob("team/b", "x".repeat(30));
    const location = await registry.startUpload("team/a");
    const response = await registry.send("PATCH", location, { body: "y".repeat(20) });
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe("DENIED");
    await registry.pushBlob("teamwork", "z".repeat(500));
  });

  test("hold for mounts, but not for what the namespace has already", async () => {
    await using registry = await TestRegistry.start({ quotas });
    const outside = await registry.pushBlob("outside", "x".repeat(90));
    const inside = await registry.pushBlob("team/a", "y".repeat(50));
    const mount = (digest: string, from: string) =>
      registry.send("POST", `/v2/team/b/blobs/uploads/?mount=${digest}&from=${from}`);
    expect((await mount(outside.digest, "outside")).status).toBe(403);
    expect((await mount(inside.digest, "team/a")).status).toBe(201);
  });

  test("let go what is deleted", async () => {
    await using registry = await TestRegistry.start({ quotas });
    await registry.pushBlob("team/a", "x".repeat(100));
    const full = await registry.send("POST", "/v2/team/a/blobs/uploads/");
    expect(full.status).toBe(403);
    await registry.send("DELETE", `/v2/team/a/blobs/${sha256("x".repeat(100))}`);
    expect((await registry.send("POST", "/v2/team/a/blobs/uploads/")).status).toBe(202);
  });
});
