import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Digest, sha256 } from "../../../src/spec/index.ts";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { BERTH } from "../../harness/daemon.ts";
import { verifyRegistryStore } from "../../harness/verify-registry-store.ts";

const ROUNDS = 30;
const CONTENTS = 12;
const REPOSITORIES = ["kill/a", "kill/b"];

/** Layers of different sizes that come back in later rounds, so that the collector meets blobs in use. */
const contents = Array.from({ length: CONTENTS }, (_, index) =>
  Buffer.alloc(1000 + index * 40_000, `content ${index} `),
);

/** Pushes in two chunks: uploads are cut at any place. Rejects when the server is gone. */
async function pushBlob(
  base: string,
  name: string,
  bytes: Buffer,
): Promise<{ digest: Digest; size: number }> {
  const digest = sha256(bytes);
  const head = await fetch(`${base}/v2/${name}/blobs/${digest}`, { method: "HEAD" });
  if (head.status === 200) return { digest, size: bytes.length };
  const start = await fetch(`${base}/v2/${name}/blobs/uploads/`, { method: "POST" });
  const location = `${base}${start.headers.get("location")}`;
  const half = bytes.length >> 1;
  await fetch(location, { method: "PATCH", body: bytes.subarray(0, half) });
  const end = await fetch(`${location}?digest=${digest}`, {
    method: "PUT",
    body: bytes.subarray(half),
  });
  if (end.status !== 201) throw new Error(`upload: ${end.status} ${await end.text()}`);
  return { digest, size: bytes.length };
}

async function pushImage(base: string, name: string, tag: string, content: Buffer): Promise<void> {
  const config = await pushBlob(base, name, Buffer.from(JSON.stringify({ tag })));
  const layer = await pushBlob(base, name, content);
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
  };
  const response = await fetch(`${base}/v2/${name}/manifests/${tag}`, {
    method: "PUT",
    headers: { "Content-Type": manifest.mediaType },
    body: JSON.stringify(manifest),
  });
  if (response.status !== 201)
    throw new Error(`manifest: ${response.status} ${await response.text()}`);
}

/** Tags that a server has acknowledged and nobody has deleted. */
class Ledger {
  readonly kept = new Set<string>();
  pushes = 0;
  deletions = 0;
  readonly refusals: string[] = [];

  async work(base: string, worker: number, round: number): Promise<void> {
    const name = REPOSITORIES[worker % REPOSITORIES.length] ?? "";
    for (let turn = 0; ; turn++) {
      const tag = `r${round}-w${worker}-${turn}`;
      const content = contents[(round + worker + turn) % CONTENTS] ?? Buffer.alloc(0);
      try {
        await pushImage(base, name, tag, content);
        this.kept.add(`${name}:${tag}`);
        this.pushes += 1;
        if (turn % 3 === 2) await this.delete(base, name, tag);
      } catch (error) {
        // A refusal is the server's own; anything else is the broken connection of a killed one.
        const message = String(error);
        if (/^Error: (upload|manifest): \d/.test(message)) this.refusals.push(message);
        return;
      }
    }
  }

  private async delete(base: string, name: string, tag: string): Promise<void> {
    const url = `${base}/v2/${name}/manifests/${tag}`;
    // From here on it may be gone or not: the answer can be lost with the server.
    this.kept.delete(`${name}:${tag}`);
    const digest = (await fetch(url, { method: "HEAD" })).headers.get("docker-content-digest");
    await fetch(`${base}/v2/${name}/manifests/${digest}`, { method: "DELETE" });
    this.deletions += 1;
  }
}

test("kill -9 during pushes, deletions and collections leaves a store whose every digest verifies", async () => {
  const gc = { interval: "0.1s", grace: "2s", uploadLifetime: "3s" };
  const retention = [{ untagged: true }];
  const registry = await BerthRegistry.start({ gc, retention });
  const ledger = new Ledger();
  const base = `http://${registry.address}`;
  let removed = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await registry.run();
      const workers = [0, 1, 2].map((worker) => ledger.work(base, worker, round));
      // A second collector, of another process, dies as well.
      const collector = Bun.spawn([BERTH, "registry", "gc", "--config", registry.config], {
        stdout: "ignore",
        stderr: "ignore",
      });
      await Bun.sleep(50 + Math.random() * 500);
      collector.kill("SIGKILL");
      await registry.kill();
      await Promise.all([...workers, collector.exited]);
      const store = await verifyRegistryStore(registry.root);
      expect(store.faults).toEqual([]);
      for (const tag of ledger.kept) expect(store.tags.has(tag)).toBe(true);
      // A lock that a dead collector holds ends after minutes; the test has none to wait.
      await Bun.file(join(registry.root, "gc/lock"))
        .delete()
        .catch(() => {});
    }
    expect(ledger.refusals).toEqual([]);
    expect(ledger.pushes).toBeGreaterThan(ROUNDS);
    expect(ledger.deletions).toBeGreaterThan(0);
    const before = (await verifyRegistryStore(registry.root)).blobs;
    await Bun.sleep(2100);
    const collected = Bun.spawnSync([BERTH, "registry", "gc", "--config", registry.config]);
    removed = JSON.parse(collected.stdout.toString()).blobs;
    const after = await verifyRegistryStore(registry.root);
    expect(after.faults).toEqual([]);
    expect(after.blobs).toBe(before - removed);
  } finally {
    await registry.kill();
    await registry.stop();
  }
}, 180_000);
