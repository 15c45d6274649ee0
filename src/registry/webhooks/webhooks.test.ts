import { afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RegistryMetrics } from "../metrics.ts";
import { RegistryLog } from "../registry-log.ts";
import { FileStorage } from "../storage/file/file-storage.ts";
import { TestRegistry } from "../testing/test-registry.ts";
import { Webhooks } from "./webhooks.ts";

interface Delivery {
  readonly headers: Headers;
  readonly body: string;
}

const servers: { stop(force: boolean): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** Fails the first calls, then takes them. */
function receiver(failures: number) {
  const deliveries: Delivery[] = [];
  const waiting: (() => void)[] = [];
  let calls = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      calls += 1;
      if (calls <= failures) return new Response(null, { status: 500 });
      deliveries.push({ headers: request.headers, body: await request.text() });
      for (const wake of waiting.splice(0)) wake();
      return new Response(null, { status: 204 });
    },
  });
  servers.push(server);
  return {
    url: `http://127.0.0.1:${server.port}/hook`,
    deliveries,
    calls: () => calls,
    async count(wanted: number): Promise<void> {
      while (deliveries.length < wanted) await new Promise<void>((wake) => waiting.push(wake));
    },
  };
}

const quick = { attempts: 5, retryDelay: 5, longestDelay: 20, timeout: 2000 };
const silent = new RegistryLog("error", () => {});

describe("Webhooks", () => {
  test("tell of pushes and deletions that they are for, signed", async () => {
    const hook = receiver(0);
    const webhooks = [
      { url: hook.url, secret: "s3cret", actions: ["push", "delete"], repositories: "team/*" },
    ];
    await using registry = await TestRegistry.start({ webhooks });
    const digest = await registry.pushImage("team/app", "v1", "x");
    await registry.pushImage("other", "v1", "x");
    await hook.count(1);
    await registry.send("DELETE", "/v2/team/app/manifests/v1");
    await hook.count(2);
    const [push, removal] = hook.deliveries;
    const signature = createHmac("sha256", "s3cret")
      .update(push?.body ?? "")
      .digest("hex");
    expect(push?.headers.get("x-berth-signature-256")).toBe(`sha256=${signature}`);
    const [event] = JSON.parse(push?.body ?? "{}").events;
    expect(event).toMatchObject({
      action: "push",
      target: { repository: "team/app", tag: "v1", digest },
    });
    expect(event.id).toBe(push?.headers.get("x-berth-delivery"));
    expect(JSON.parse(removal?.body ?? "{}").events[0]).toMatchObject({
      action: "delete",
      target: { repository: "team/app", tag: "v1" },
    });
  });

  test("try again, also in the next process, and forget what is delivered", async () => {
    const root = await mkdtemp(join(tmpdir(), "berth-hooks-"));
    const storage = await FileStorage.open(root);
    const hook = receiver(2);
    const hooks = [{ url: hook.url, actions: ["push" as const], repositories: ["**"] }];
    const slow = { ...quick, retryDelay: 60_000, longestDelay: 60_000 };
    const first = new Webhooks(hooks, storage, new RegistryMetrics(), silent, slow);
    await first.announce("push", { repository: "a" }, "anna", "http://here");
    while (hook.calls() === 0) await Bun.sleep(5);
    await first.stop();
    expect(await Array.fromAsync(storage.list("webhooks"))).toHaveLength(1);
    const second = new Webhooks(hooks, storage, new RegistryMetrics(), silent, quick);
    await second.start();
    await hook.count(1);
    while ((await Array.fromAsync(storage.list("webhooks"))).length > 0) await Bun.sleep(5);
    await second.stop();
    expect(hook.calls()).toBe(3);
    await rm(root, { recursive: true, force: true });
  });

  test("are given up after the last attempt", async () => {
    const root = await mkdtemp(join(tmpdir(), "berth-hooks-"));
    const storage = await FileStorage.open(root);
    const hook = receiver(99);
    const hooks = [{ url: hook.url, actions: ["push" as const], repositories: ["**"] }];
    const metrics = new RegistryMetrics();
    const webhooks = new Webhooks(hooks, storage, metrics, silent, quick);
    await webhooks.announce("push", { repository: "a" }, undefined, "http://here");
    while ((await Array.fromAsync(storage.list("webhooks"))).length > 0) await Bun.sleep(5);
    expect(hook.calls()).toBe(5);
    expect(metrics.text()).toContain('outcome="given up"} 1');
    await webhooks.stop();
    await rm(root, { recursive: true, force: true });
  });
});
