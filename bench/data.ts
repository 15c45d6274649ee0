/**
 * Measures `cp` of one file of 1 GB and of 20,000 small files, in and out, beside dockerd, turn by turn:
 * `bun bench/data.ts`. Needs root, a built dist/berth, Debian's docker.io and fio, and 6 GB in /tmp: on a
 * tmpfs it measures the engines, on a busy disk mostly that. Each
 * engine is driven by its own command line, Berth also by docker's. Then fio: sequential writes of a container into a volume and a
 * bind mount beside the bare directory.
 */
import { randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Contender, startBerth, startDockerd } from "./contender.ts";
import { median, memory, time } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
const LARGE = Number(process.env["BENCH_BYTES"] ?? 1e9);
const FILES = Number(process.env["BENCH_FILES"] ?? 20_000);
const SMALL = 4_000;

const directory = await mkdtemp("/tmp/bench-data-");
const berth = await startBerth();
const dockerd = await startDockerd();
const dockerOnBerth: Contender = {
  ...berth,
  name: "docker-on-berth",
  command: ["docker", "-H", berth.command[2] ?? ""],
};
const contenders = [dockerd, berth, dockerOnBerth];

async function makeFiles(): Promise<void> {
  const noise = Buffer.alloc(1e6);
  const writer = Bun.file(join(directory, "large")).writer();
  for (let written = 0; written < LARGE; written += noise.length) {
    randomFillSync(noise);
    writer.write(noise);
    await writer.flush();
  }
  await writer.end();
  for (let index = 0; index < FILES; index++) {
    const folder = join(directory, "many", String(index % 100));
    if (index < 100) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, String(index)), noise.subarray(0, SMALL));
  }
}

/** Copies with nothing dirty from before; milliseconds. */
async function copy(contender: Contender, ...args: string[]): Promise<number> {
  await Bun.$`sync`.quiet();
  return await time(contender, "cp", "-q", ...args);
}

/** The engine's largest growth meanwhile, MB. Looking costs much more than the copy: its time is of no use. */
async function growth(contender: Contender, ...args: string[]): Promise<number> {
  const before = await memory(await contender.pids());
  let most = before;
  let busy = true;
  const watch = (async () => {
    while (busy) {
      most = Math.max(most, await memory(await contender.pids()));
      await Bun.sleep(100);
    }
  })();
  await copy(contender, ...args);
  busy = false;
  await watch;
  return most - before;
}

const VERBS = ["large in", "large out", "many in", "many out"] as const;

/** One copy of each kind with a new container. */
async function turn(
  contender: Contender,
  box: string,
  measure: typeof copy,
): Promise<Record<(typeof VERBS)[number], number>> {
  const out = join(directory, `out-${contender.name}`);
  await mkdir(out);
  await time(contender, "run", "-d", "--net", "none", "--name", box, "busybox", "sleep", "1000");
  const result = {
    "large in": await measure(contender, join(directory, "large"), `${box}:/large`),
    "large out": await measure(contender, `${box}:/large`, join(out, "large")),
    "many in": await measure(contender, join(directory, "many"), `${box}:/many`),
    "many out": await measure(contender, `${box}:/many`, join(out, "many")),
  };
  await time(contender, "rm", "-f", box);
  await rm(out, { recursive: true });
  return result;
}

async function compareCopies(): Promise<void> {
  const results = contenders.map(() => [] as Awaited<ReturnType<typeof turn>>[]);
  // The first turn of each warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, contender] of contenders.entries()) {
      const result = await turn(contender, `${contender.name}-${round}`, copy);
      if (round > 0) results[index]?.push(result);
    }
  }
  const grown = await turn(berth, "watched", growth);
  console.log(
    "| cp, ms | dockerd | berth | docker CLI on berth | ratio | goal | berth's growth, MB |\n|---|---|---|---|---|---|---|",
  );
  for (const verb of VERBS) {
    const [theirs = 0, ours = 0, mixed = 0] = results.map((taken) =>
      median(taken.map((each) => each[verb])),
    );
    console.log(
      `| ${verb} | ${theirs.toFixed(0)} | ${ours.toFixed(0)} | ${mixed.toFixed(0)} | ${(ours / theirs).toFixed(2)} | 0.5 | ${grown[verb].toFixed(0)} |`,
    );
  }
}

/** KB a second, by fio as the file `name` of a directory; `prefix` runs it elsewhere. */
async function fio(prefix: readonly string[], folder: string): Promise<number> {
  const job = [
    "--name=w",
    `--directory=${folder}`,
    "--rw=write",
    "--bs=128k",
    "--size=512m",
    "--end_fsync=1",
    "--output-format=json",
    "--ioengine=psync",
  ];
  const output = await Bun.$`${[...prefix, "/usr/bin/fio", ...job]}`.quiet().text();
  return (
    (JSON.parse(output.slice(output.indexOf("{"))) as { jobs: { write: { bw: number } }[] }).jobs[0]
      ?.write.bw ?? 0
  );
}

async function compareWrites(): Promise<void> {
  const bare = join(directory, "bare");
  const bound = join(directory, "bound");
  await mkdir(bare);
  await mkdir(bound);
  const host = ["/usr", "/lib", "/lib64", "/etc"].flatMap((path) => ["-v", `${path}:${path}:ro`]);
  const mounts = [...host, "-v", `${bound}:/bound`, "-v", "written:/volume"];
  await time(
    berth,
    "run",
    "-d",
    "--net",
    "none",
    "--name",
    "fio",
    ...mounts,
    "busybox",
    "sleep",
    "10000",
  );
  const inside = [...berth.command, "exec", "fio"];
  const speeds = { bare: [] as number[], bound: [] as number[], volume: [] as number[] };
  for (let round = 0; round < 2 * ROUNDS; round++) {
    speeds.bare.push(await fio([], bare));
    speeds.bound.push(await fio(inside, "/bound"));
    speeds.volume.push(await fio(inside, "/volume"));
  }
  const base = median(speeds.bare);
  console.log(
    "\n| fio, 512 MB written and synced | MB/s | of the bare directory | goal |\n|---|---|---|---|",
  );
  for (const [name, samples] of Object.entries(speeds)) {
    const speed = median(samples);
    console.log(`| ${name} | ${(speed / 1e3).toFixed(0)} | ${(speed / base).toFixed(2)} | 0.98 |`);
  }
}

try {
  await makeFiles();
  await compareCopies();
  await compareWrites();
} finally {
  await dockerd.stop();
  await berth.stop();
  await rm(directory, { recursive: true, force: true });
}
