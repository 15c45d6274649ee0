import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { must, type Output, TestDaemon } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { Samples } from "../../harness/sample-image.ts";
import { encodeTarEntry, TAR_END } from "../../harness/sample-tar.ts";

/** Of each operation. */
const KILLS = Number(process.env["BERTH_IMAGE_KILLS"] ?? 4);
const LAYERS = [6_000_000, 200_000, 4_000_000, 1_000_000];

let daemon: TestDaemon;
let registry: TestRegistry;
let samples: Samples;
let image: string;
let archive: string;
/** The layers' directories by name, and what their tars are. */
let expected: Map<string, string>;

beforeAll(async () => {
  registry = await TestRegistry.start();
  samples = new Samples(registry.address);
  daemon = await TestDaemon.start();
  image = `${registry.address}/killed:1`;
  archive = join(daemon.root, "killed.tar");
  await samples.image("killed", "1", { layers: LAYERS });
  must(await daemon.berth("pull", "-q", image));
  must(await daemon.berth("save", "-o", archive, image));
  const format = "{{range .RootFS.Layers}}{{println .}}{{end}}";
  const { stdout } = must(await daemon.berth("image", "inspect", "-f", format, image));
  expected = chains(stdout.trim().split("\n"));
});
afterAll(async () => {
  await daemon.stop();
  await registry.stop();
});

const sha256 = (bytes: Uint8Array | string): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

/** ChainIDs, as image-spec's config.md computes them. */
function chains(diffIds: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  let below: string | undefined;
  for (const diffId of diffIds) {
    below = below === undefined ? diffId : `sha256:${sha256(`${below} ${diffId}`)}`;
    found.set(below.replace("sha256:", ""), diffId);
  }
  return found;
}

async function verifyBlobs(): Promise<void> {
  const directory = join(daemon.dataRoot, "content/blobs/sha256");
  for (const name of await readdir(directory)) {
    expect(sha256(await readFile(join(directory, name)))).toBe(name);
  }
}

/** Packs every layer's directory again: its tar is what the image's DiffID says. */
async function verifyLayers(): Promise<Set<string>> {
  const directory = join(daemon.dataRoot, "layers");
  const names = (await readdir(directory)).filter((name) => name !== "empty");
  for (const name of names) {
    const diff = join(directory, name, "diff");
    const members = await readdir(diff);
    expect(members).toHaveLength(1);
    const [member = ""] = members;
    const tar = [encodeTarEntry(member, await readFile(join(diff, member))), TAR_END];
    expect(`sha256:${sha256(Buffer.concat(tar))}`).toBe(expected.get(name) ?? "no layer at all");
  }
  return new Set(names);
}

/** What is listed is whole: its layers are there, and it can be saved. */
async function verifyStore(): Promise<void> {
  await verifyBlobs();
  const layers = await verifyLayers();
  const { stdout } = must(await daemon.berth("image", "ls", "-aq", "--no-trunc"));
  for (const id of stdout.split("\n").filter((line) => line !== "")) {
    for (const chain of expected.keys()) expect(layers).toContain(chain);
    const saved = join(daemon.root, "listed.tar");
    must(await daemon.berth("save", "-o", saved, id));
    await rm(saved);
  }
}

interface Operation {
  readonly name: string;
  /** Makes the store ready for it. */
  prepare(): Promise<unknown>;
  run(): Promise<Output>;
}

async function removeImages(): Promise<void> {
  must(await daemon.berth("image", "prune", "-af"));
}

async function haveImage(): Promise<void> {
  must(await daemon.berth("load", "-q", "-i", archive));
}

let pushes = 0;
const OPERATIONS: readonly Operation[] = [
  { name: "pull", prepare: removeImages, run: () => daemon.berth("pull", "-q", image) },
  { name: "load", prepare: removeImages, run: () => daemon.docker("load", "-q", "-i", archive) },
  {
    name: "push",
    prepare: async () => {
      await haveImage();
      // A repository that has none of the layers.
      must(await daemon.berth("tag", image, `${registry.address}/pushed${pushes++}:1`));
    },
    run: () => daemon.docker("push", "-q", `${registry.address}/pushed${pushes - 1}:1`),
  },
  {
    name: "prune",
    prepare: haveImage,
    run: () => daemon.docker("image", "prune", "-a", "-f"),
  },
];

async function duration(operation: Operation): Promise<number> {
  await operation.prepare();
  const started = performance.now();
  must(await operation.run());
  return performance.now() - started;
}

describe("kill -9 of the daemon", () => {
  for (const operation of OPERATIONS) {
    test(`at ${KILLS} random moments of a ${operation.name} leaves a store that verifies`, async () => {
      const takes = await duration(operation);
      for (let round = 0; round < KILLS; round++) {
        await operation.prepare();
        const running = operation.run();
        await Bun.sleep(Math.random() * takes);
        await daemon.kill();
        await running;
        await daemon.up();
        await verifyStore();
        // The same again succeeds; a push or a prune has its image, if that is still there.
        if (operation.name === "push") await haveImage();
        must(await operation.run());
        await verifyStore();
      }
    }, 600_000);
  }
});

test("the host is left as it was found", async () => {
  expect(await daemon.stop()).toEqual([]);
});
