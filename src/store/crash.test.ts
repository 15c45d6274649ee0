import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readMountInfo } from "../linux/mountinfo.ts";
import { splitDigest } from "../spec/index.ts";
import { FILES_PER_LAYER } from "./crash-workload.ts";
import { openStore, type Store } from "./index.ts";

/** More rounds find rarer moments: `BERTH_CRASH_ROUNDS=200 bun test src/store/crash.test.ts`. */
const ROUNDS = Number(process.env["BERTH_CRASH_ROUNDS"] ?? 12);
const LONGEST_LIFE = 450; // milliseconds after the store is open

let root: string;
beforeAll(() => {
  root = mkdtempSync("/tmp/store-crash-");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the workload, kills it, and returns the last record that it said was written. */
async function workAndDie(life: number): Promise<number> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "crash-workload.ts"), root], {
    stdout: "pipe",
    stderr: "inherit",
  });
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) {
      if (text === "") setTimeout(() => child.kill("SIGKILL"), life);
      text += Buffer.from(chunk).toString();
    }
  })();
  await child.exited;
  await reading;
  expect(child.signalCode).toBe("SIGKILL");
  // The kill may have cut the last line.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).match(/^counter \d+$/gm) ?? [];
  return Number((lines.at(-1) ?? "counter 0").split(" ")[1]);
}

function checkContent(store: Store): void {
  for (const { digest, size } of store.content.list()) {
    const bytes = store.content.read(digest);
    const [algorithm, hex] = splitDigest(digest);
    expect(createHash(algorithm).update(bytes).digest("hex")).toBe(hex);
    expect(bytes.length).toBe(size);
  }
}

function checkLayers(store: Store): void {
  const rows = store.snapshots.layers();
  const directories = readdirSync(join(root, "layers")).filter((name) => name !== "empty");
  const expected = rows.map(({ chainId }) => String(chainId).slice("sha256:".length));
  expect(directories.sort()).toEqual(expected.sort());
  for (const { chainId, blob } of rows) {
    const files = readdirSync(join(store.snapshots.layerDirectory(chainId), "data"));
    expect(files).toHaveLength(FILES_PER_LAYER);
    expect(blob === undefined || store.content.stat(blob) !== undefined).toBe(true);
  }
}

function checkImages(store: Store): void {
  const known = new Set(store.images.list().map(({ id }) => id));
  for (const { imageId } of store.images.references()) expect(known).toContain(imageId);
  for (const image of store.images.list()) {
    for (const { chainId } of image.layers) expect(store.snapshots.layer(chainId)).toBeDefined();
    expect(store.content.stat(image.manifest.digest)).toBeDefined();
  }
}

function checkContainersAndVolumes(store: Store): void {
  store.snapshots.unmountAllExcept(new Set());
  const mounts = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(`${root}/`));
  expect(mounts).toEqual([]);
  const containers = readdirSync(join(root, "containers"));
  expect(containers.sort()).toEqual(store.snapshots.containers().sort());
  for (const id of containers) store.snapshots.removeContainer(id);
  for (const { name, mountpoint } of store.volumes.list()) {
    expect([0, FILES_PER_LAYER]).toContain(readdirSync(mountpoint).length);
    expect(readdirSync(join(root, "volumes", name)).sort()).toEqual(["_data", "volume.json"]);
    store.volumes.remove(name);
  }
}

test(`openStore() finds everything whole after SIGKILL at ${ROUNDS} random moments`, async () => {
  let unfinished = 0;
  // The kills have to hit operations in their middle, else this shows nothing.
  for (let round = 0; round < (unfinished > 0 ? ROUNDS : 2 * ROUNDS); round++) {
    // A machine that is busy with other things needs longer lives to get anywhere.
    const longest = unfinished > 0 ? LONGEST_LIFE : LONGEST_LIFE * (1 + round / 4);
    const written = await workAndDie(Math.random() * longest);
    const store = await openStore(root);
    const counter = store.records.collection<{ value: number }>("numbers").get("counter");
    expect(counter?.value ?? 0).toBeGreaterThanOrEqual(written);
    checkContent(store);
    checkLayers(store);
    checkImages(store);
    checkContainersAndVolumes(store);
    await store.journal.recover({ run: () => void unfinished++ });
    await store.close();
    expect(readdirSync(join(root, "trash"))).toEqual([]);
  }
  expect(unfinished).toBeGreaterThan(0);
}, 120_000);
