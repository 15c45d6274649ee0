import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { must, TestDaemon } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { RegistryProxy } from "../../harness/registry-proxy.ts";
import { Samples } from "../../harness/sample-image.ts";
import { eventually } from "../../harness/suite.ts";

const KILLS = Number(process.env["BERTH_PULL_KILLS"] ?? 20);
let daemon: TestDaemon;
let registry: TestRegistry;
let proxy: RegistryProxy;
let samples: Samples;
beforeAll(async () => {
  registry = await TestRegistry.start();
  proxy = await RegistryProxy.start(registry.address);
  samples = new Samples(registry.address);
  daemon = await TestDaemon.start("--registry-mirror", `mirrored.test:1=http://${proxy.address}`);
});
afterAll(async () => {
  await daemon.stop();
  await proxy.stop();
  await registry.stop();
});

/** Every blob's bytes are what its name says; returns how many there are. */
async function verifyStore(): Promise<number> {
  const directory = join(daemon.dataRoot, "content/blobs/sha256");
  const names = await readdir(directory);
  for (const name of names) {
    const hasher = new Bun.CryptoHasher("sha256");
    for await (const chunk of Bun.file(join(directory, name)).stream()) hasher.update(chunk);
    expect(hasher.digest("hex")).toBe(name);
  }
  return names.length;
}

const partials = () => readdir(join(daemon.dataRoot, "content/ingest"));

test("a connection that breaks is taken up where it broke, by Range", async () => {
  await samples.image("cut", "1", { layers: [3_000_000] });
  let cuts = 3;
  proxy.seen.length = 0;
  proxy.interfere = ({ path, method }) =>
    method === "GET" && path.includes("/blobs/") && cuts-- > 0 ? { cutAfter: 700_000 } : undefined;
  const image = `${proxy.address}/cut:1`;
  must(await daemon.docker("pull", image));
  proxy.interfere = () => undefined;
  const ranges = proxy.blobs().map(({ range }) => range);
  expect(ranges.filter((range) => /^bytes=[1-9]\d+-/.test(range ?? "")).length).toBeGreaterThan(1);
  await verifyStore();
  must(await daemon.berth("rmi", image));
});

test("after kill -9 the next daemon goes on with what has come", async () => {
  await samples.image("killed", "1", { layers: [4_000_000] });
  const image = `${proxy.address}/killed:1`;
  proxy.interfere = ({ path }) => (path.includes("/blobs/") ? { rate: 4_000_000 } : undefined);
  const pull = daemon.berth("pull", image);
  await eventually(async () => {
    for (const name of await partials()) {
      const status = await stat(join(daemon.dataRoot, "content/ingest", name)).catch(
        () => undefined,
      );
      if ((status?.size ?? 0) > 1_000_000) return true;
    }
    return false;
  });
  await daemon.kill();
  expect((await pull).code).toBe(1);
  await daemon.up();
  proxy.interfere = () => undefined;
  proxy.seen.length = 0;
  must(await daemon.berth("pull", image));
  const [layer] = proxy.blobs().filter(({ range }) => range !== undefined);
  expect(Number(/bytes=(\d+)-/.exec(layer?.range ?? "")?.[1])).toBeGreaterThan(500_000);
  expect(await partials()).toEqual([]);
  await verifyStore();
  must(await daemon.berth("rmi", image));
});

test(`kill -9 at ${KILLS} random moments of a pull leaves a store whose digests verify`, async () => {
  await samples.image("random", "1", { layers: [1_500_000, 900_000, 1_200_000, 20_000] });
  const image = `${proxy.address}/random:1`;
  proxy.interfere = ({ path }) => (path.includes("/blobs/") ? { rate: 6_000_000 } : undefined);
  let interrupted = 0;
  for (let round = 0; round < KILLS; round++) {
    const pull = daemon.berth("pull", image);
    await Bun.sleep(Math.random() * 500);
    await daemon.kill();
    if ((await pull).code !== 0) interrupted++;
    await daemon.up();
    await verifyStore();
    const there = await daemon.berth("image", "inspect", image);
    if (there.code === 0) must(await daemon.berth("rmi", image));
  }
  expect(interrupted).toBeGreaterThan(KILLS / 4);
  proxy.interfere = () => undefined;
  must(await daemon.berth("pull", image));
  const tar = must(await daemon.berth("save", image, "-o", join(daemon.root, "random.tar")));
  expect(tar.code).toBe(0);
  expect(await partials()).toEqual([]);
  must(await daemon.berth("rmi", image));
  expect(await verifyStore()).toBe(0);
}, 60_000);

test("layers that several pulls want at once are fetched once", async () => {
  for (const tag of ["1", "2", "3", "4"]) {
    await samples.image("shared", tag, { layers: [2_000_000, 10_000 * Number(tag)], seed: "same" });
  }
  proxy.seen.length = 0;
  proxy.interfere = ({ path }) => (path.includes("/blobs/") ? { rate: 4_000_000 } : undefined);
  const tags = ["1", "2", "3", "4", "1", "1"];
  const pulls = tags.map((tag) => daemon.berth("pull", `${proxy.address}/shared:${tag}`));
  for (const output of await Promise.all(pulls)) must(output);
  proxy.interfere = () => undefined;
  const { layers } = (await samples.read("shared", "1")) as { layers: { digest: string }[] };
  const fetched = proxy.blobs().filter(({ path }) => path.endsWith(layers[0]?.digest ?? ""));
  expect(fetched).toHaveLength(1);
});

test("a busy registry is asked again when it says", async () => {
  await samples.image("busy", "1");
  let refusals = 2;
  const times: number[] = [];
  proxy.interfere = ({ path }) => {
    if (!path.includes("/manifests/")) return undefined;
    times.push(Date.now());
    if (refusals-- <= 0) return undefined;
    return { answer: { status: 429, headers: { "Retry-After": "1" }, body: "{}" } };
  };
  must(await daemon.berth("pull", `${proxy.address}/busy:1`));
  proxy.interfere = () => undefined;
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
});

test("a mirror stands before its own registry, which is never asked", async () => {
  await samples.image("mirrored", "1");
  must(await daemon.docker("pull", "mirrored.test:1/mirrored:1"));
  must(await daemon.berth("rmi", "mirrored.test:1/mirrored:1"));
});

test("the host is left as it was found", async () => {
  expect(await daemon.stop()).toEqual([]);
});
