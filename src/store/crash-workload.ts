import { writeSync } from "node:fs";
import { join } from "node:path";
import { chainIds, type DiffId, type ImageId, parseReference, sha256 } from "../spec/index.ts";
import { openStore, type Store } from "./index.ts";
import { inChunks, testTar } from "./store-fixture.ts";

/**
 * Works on a store until it is killed: the other side of crash.test.ts. Says `ready`, and then
 * `<key> <value>` for each record whose write has returned.
 */

export const FILES_PER_LAYER = 20;

const random = (below: number): number => Math.floor(Math.random() * below);

function layerTar(seed: string): Buffer {
  return testTar(
    ...Array.from({ length: FILES_PER_LAYER }, (_, index) => {
      const member: [{ path: string }, string] = [
        { path: `data/${index}` },
        seed.repeat(1 + random(2000)),
      ];
      return member;
    }),
  );
}

async function pullAndRemove(store: Store): Promise<void> {
  const tars = [layerTar(`base ${random(3)}`), layerTar(`top ${Math.random()}`)];
  const diffIds = tars.map((tar) => sha256(tar) as string as DiffId);
  const chain = chainIds(diffIds);
  const layers = await Promise.all(
    tars.map(async (tar, index) => {
      const digest = sha256(tar);
      const writer = await store.content.ingest(digest);
      for await (const chunk of inChunks(tar.subarray(writer?.offset ?? 0), 8000)) {
        await writer?.write(chunk);
      }
      await writer?.commit();
      const diffId = diffIds[index] as DiffId;
      const chainId = chain[index] as (typeof chain)[number];
      const layer = { chainId, parent: chain[index - 1], diffId, blob: digest };
      await store.snapshots.ensureLayer(layer, () => inChunks(tar));
      return { diffId, chainId, blob: { mediaType: "layer", digest, size: tar.length } };
    }),
  );
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers" as const, diff_ids: diffIds },
  };
  const { digest } = await store.content.put(JSON.stringify(config));
  const id = digest as string as ImageId;
  const manifest = { mediaType: "manifest", ...(await store.content.put(`{"of":"${id}"}`)) };
  store.images.put({ id, config, manifest, layers, size: 1, created: "" });
  store.images.tag(parseReference(`image:${random(4)}`), id);
  await runContainer(store, chain);
  if (random(2) === 0) store.images.remove(id);
}

async function runContainer(store: Store, chain: ReturnType<typeof chainIds>): Promise<void> {
  const id = crypto.randomUUID();
  const operation = store.journal.begin("run", { id });
  store.snapshots.prepareContainer(id, chain);
  const rootfs = store.snapshots.mount(id);
  await Bun.write(join(rootfs, "data/0"), "changed");
  const volume = store.volumes.create({});
  await store.volumes.copyUp(volume.name, rootfs, "/data");
  store.snapshots.unmount(id);
  if (random(3) > 0) store.snapshots.removeContainer(id);
  if (random(3) === 0) store.volumes.remove(volume.name);
  operation.finish();
}

function writeRecords(store: Store): void {
  const records = store.records.collection<{ value: number }>("numbers");
  let value = records.get("counter")?.value ?? 0;
  setInterval(() => {
    records.put("counter", { value: ++value });
    writeSync(1, `counter ${value}\n`);
  }, 1);
}

async function work(root: string): Promise<never> {
  const store = await openStore(root);
  writeRecords(store);
  writeSync(1, "ready\n");
  for (;;) await Promise.all([pullAndRemove(store), pullAndRemove(store)]);
}

if (import.meta.main) await work(process.argv[2] ?? "");
