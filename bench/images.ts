/**
 * Measures pull, load, push and save of a 1 GB image with 20,000 files beside dockerd, turn by turn:
 * `bun bench/images.ts`. Needs root, a built dist/berth, Debian's docker.io, docker-registry and skopeo, and
 * 10 GB of disk. Prints a Markdown table; memory is the engine's largest growth over its idle size.
 */
import { randomFillSync } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { MediaType } from "../src/spec/index.ts";
import { TestRegistry } from "../tests/harness/registry.ts";
import { Samples } from "../tests/harness/sample-image.ts";
import { encodeTarEntry, TAR_END } from "../tests/harness/sample-tar.ts";
import { type Contender, startBerth, startDockerd } from "./contender.ts";
import { median, memory, time } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
const LAYERS = 4;
const FILES = Number(process.env["BENCH_FILES"] ?? 20_000) / LAYERS;
const FILE_SIZE = 50_000;

/** Half of each file is noise, half repeats: about what binaries and texts come to. */
function layer(number: number): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < FILES; index++) {
    const content = Buffer.alloc(FILE_SIZE, `file ${index} `);
    randomFillSync(content, 0, FILE_SIZE / 2);
    parts.push(encodeTarEntry(`layer${number}/${index % 100}/${index}`, content));
  }
  return Buffer.concat([...parts, TAR_END]);
}

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;

async function publish(samples: Samples): Promise<void> {
  const layers = [];
  const diffIds = [];
  for (let number = 0; number < LAYERS; number++) {
    const tar = layer(number);
    diffIds.push(sha256(tar));
    const blob = await samples.blob("big", gzipSync(tar, { level: 1 }));
    layers.push({ mediaType: MediaType.dockerLayerGzip, ...blob });
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: diffIds },
    }),
  );
  await samples.manifest("big", "1", {
    schemaVersion: 2,
    mediaType: MediaType.dockerManifest,
    config: { mediaType: MediaType.dockerConfig, ...(await samples.blob("big", config)) },
    layers,
  } as { mediaType: string });
}

/** Times a command and watches the engine's memory meanwhile, MB above what it was before. */
async function watched(contender: Contender, ...args: string[]) {
  const before = await memory(await contender.pids());
  let most = before;
  let busy = true;
  const watch = (async () => {
    while (busy) {
      most = Math.max(most, await memory(await contender.pids()));
      await Bun.sleep(100);
    }
  })();
  const elapsed = await time(contender, ...args);
  busy = false;
  await watch;
  return { elapsed, grown: most - before };
}

const registry = await TestRegistry.start();
const directory = await mkdtemp("/tmp/bench-images-");
const berth = await startBerth();
const dockerd = await startDockerd();
const contenders = [dockerd, berth];
const archive = join(directory, "big.tar");
const image = `${registry.address}/big:1`;

/** Each turn starts from an engine that has nothing of the image. */
async function turn(contender: Contender) {
  await Bun.$`sync`.quiet();
  const pull = await watched(contender, "pull", "-q", image);
  const again = await time(contender, "pull", "-q", image);
  const saved = join(directory, `${contender.name}.tar`);
  const save = await watched(contender, "save", "-o", saved, image);
  // Pushes go to a registry that has nothing; in one that has the layers they are mounted.
  const other = await TestRegistry.start();
  const target = `${other.address}/${contender.name}:1`;
  await rm(saved);
  await time(contender, "tag", image, target);
  const push = await watched(contender, "push", "-q", target);
  await other.stop();
  await time(contender, "rmi", target, image);
  await Bun.$`sync`.quiet();
  const load = await watched(contender, "load", "-q", "-i", archive);
  await time(contender, "rmi", "-f", image);
  return { pull, again: { elapsed: again, grown: 0 }, save, push, load };
}

try {
  await publish(new Samples(registry.address));
  const copy = ["--insecure-policy", "copy", "--src-tls-verify=false", `docker://${image}`];
  await Bun.$`skopeo ${copy} docker-archive:${archive}:${image}`.quiet();
  console.log(
    `archive: ${((await stat(archive)).size / 1e6).toFixed(0)} MB, ${FILES * LAYERS} files\n`,
  );
  const results = contenders.map(() => [] as Awaited<ReturnType<typeof turn>>[]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, contender] of contenders.entries()) {
      results[index]?.push(await turn(contender));
    }
  }
  console.log(
    "| | dockerd, ms | berth, ms | ratio | goal | berth's growth, MB |\n|---|---|---|---|---|---|",
  );
  for (const verb of ["pull", "again", "load", "push", "save"] as const) {
    const of = (index: number) => results[index]?.map((result) => result[verb]) ?? [];
    const [theirs = 0, ours = 0] = [0, 1].map((index) => median(of(index).map((r) => r.elapsed)));
    const grown = Math.max(...of(1).map((r) => r.grown));
    const goal = verb === "again" ? "50 ms" : "0.5";
    console.log(
      `| ${verb} | ${theirs.toFixed(0)} | ${ours.toFixed(0)} | ${(ours / theirs).toFixed(2)} | ${goal} | ${grown.toFixed(0)} |`,
    );
  }
} finally {
  for (const contender of contenders) await contender.stop();
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
}
