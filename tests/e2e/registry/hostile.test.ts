import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { sha256 } from "../../../src/spec/index.ts";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { makeCertificate } from "../../harness/certificate.ts";
import { verifyRegistryStore } from "../../harness/verify-registry-store.ts";

const MOST_UPLOADS = 300;
let directory: string;
let registry: BerthRegistry;
beforeAll(async () => {
  directory = await mkdtemp("/tmp/be2e-hostile-");
  registry = await BerthRegistry.start({ maxUploads: MOST_UPLOADS, maxBlobSize: "20MiB" });
}, 30_000);
afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Largest resident size since the last reset, in MB. */
async function peakMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1]) / 1024;
}

function open(address: string, text: string): Promise<Socket> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.write(text);
      resolve(socket);
    });
    socket.on("error", reject);
    socket.on("data", () => {});
  });
}

describe("berth registry serve", () => {
  test.each([
    ["that say nothing", ""],
    ["that never end their head", "GET /v2/ HTTP/1.1\r\nHost: here\r\nX-A: "],
    [
      "that never send the body that they announce",
      `POST /v2/a/blobs/uploads/?digest=${sha256("x")} HTTP/1.1\r\nHost: here\r\nContent-Length: 900\r\n\r\n.`,
    ],
  ])(
    "answers beside connections %s",
    async (_, text) => {
      const sockets: Socket[] = [];
      for (let batch = 0; batch < 10; batch++) {
        const made = Array.from({ length: 20 }, () => open(registry.address, text));
        sockets.push(...(await Promise.all(made)));
      }
      expect((await fetch(`http://${registry.address}/v2/`)).status).toBe(200);
      for (const socket of sockets) socket.destroy();
    },
    30_000,
  );

  test("holds thousands of connections in little memory", async () => {
    const sockets: Socket[] = [];
    while (sockets.length < 5000) {
      const made = Array.from({ length: 250 }, () => open(registry.address, ""));
      sockets.push(...(await Promise.all(made)));
    }
    expect((await fetch(`http://${registry.address}/v2/`)).status).toBe(200);
    expect(await peakMemory(registry.pid)).toBeLessThan(250);
    for (const socket of sockets) socket.destroy();
  }, 30_000);

  test("lets nobody begin uploads without end, also after a restart", async () => {
    const begin = async () =>
      (await fetch(`http://${registry.address}/v2/many/blobs/uploads/`, { method: "POST" })).status;
    const statuses: number[] = [];
    for (let index = 0; index < MOST_UPLOADS + 50; index++) statuses.push(await begin());
    expect(statuses).toContain(429);
    await registry.kill();
    await registry.run();
    expect(await begin()).toBe(429);
    const kept = (await readdir(join(registry.root, "uploads"))).filter((name) =>
      name.endsWith(".part"),
    );
    expect(kept.length).toBeLessThanOrEqual(MOST_UPLOADS);
    const store = await verifyRegistryStore(registry.root);
    expect(store).toEqual({ faults: [], tags: new Set(), blobs: 0 });
  }, 30_000);

  test("takes many pushes over TLS at once in bounded memory", async () => {
    const tls = await makeCertificate(directory, "127.0.0.1");
    const secured = await BerthRegistry.start({ tls });
    try {
      const blob = Buffer.alloc(10_000_000, "some bytes of a layer ");
      const digest = sha256(blob);
      const pushes = Array.from({ length: 60 }, async (_, index) => {
        const url = `https://${secured.address}/v2/push/${index}/blobs/uploads/?digest=${digest}`;
        const options = { method: "POST", body: blob, tls: { rejectUnauthorized: false } };
        return (await fetch(url, options)).status;
      });
      expect(new Set(await Promise.all(pushes))).toEqual(new Set([201]));
      expect(await peakMemory(secured.pid)).toBeLessThan(400);
      expect((await verifyRegistryStore(secured.root)).faults).toEqual([]);
    } finally {
      await secured.stop();
    }
  }, 60_000);
});
