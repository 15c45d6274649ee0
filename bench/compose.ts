/**
 * `berth compose` on Berth beside Docker Compose on dockerd, in one run: `bun bench/compose.ts`. Needs root,
 * a built dist/berth, dockerd and Docker Compose, the program that BENCH_COMPOSE names or else
 * `docker-compose`. Ten services on an image that is there; a Markdown table of medians in milliseconds.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Contender, startBerth, startDockerd } from "./contender.ts";
import { compare, median, time } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const SERVICES = 10;

const directory = await mkdtemp("/tmp/bench-compose-");
const file = join(directory, "compose.yaml");
const services = Array.from({ length: SERVICES }, (_, index) => `s${index}`);
await writeFile(
  file,
  `name: bench\nservices:\n${services.map((name) => `  ${name}: {image: busybox, init: true, command: sleep 1000}\n`).join("")}`,
);

const engines = [await startDockerd(), await startBerth()];
const [dockerd, berth] = engines as [Contender, Contender];
const host = dockerd.command[2] ?? "";
const contenders: Contender[] = [
  {
    ...dockerd,
    name: "Docker Compose on dockerd",
    command: [
      ...["env", `DOCKER_HOST=${host}`, process.env["BENCH_COMPOSE"] ?? "docker-compose"],
      ...["-f", file],
    ],
  },
  { ...berth, name: "berth compose on berth", command: [...berth.command, "compose", "-f", file] },
];

const rows = new Map<string, number[]>();
const again =
  (...args: string[]) =>
  (contender: Contender) =>
    time(contender, ...args);

try {
  const downs = new Map<string, number[]>();
  rows.set(
    "up -d of ten services",
    await compare(contenders, ROUNDS, async (contender) => {
      const elapsed = await time(contender, "up", "-d");
      const down = await time(contender, "down", "-t", "1");
      downs.set(contender.name, [...(downs.get(contender.name) ?? []), down]);
      return elapsed;
    }),
  );
  rows.set(
    "down of them",
    contenders.map(({ name }) => median(downs.get(name) ?? [])),
  );
  for (const contender of contenders) await time(contender, "up", "-d");
  rows.set("up -d with nothing to do", await compare(contenders, ROUNDS, again("up", "-d")));
  rows.set("ps", await compare(contenders, ROUNDS, again("ps")));
  rows.set("config", await compare(contenders, ROUNDS, again("config")));
  for (const contender of contenders) await time(contender, "down", "-t", "1");
  console.log(`| | ${contenders.map(({ name }) => name).join(" | ")} | ratio |\n|---|---|---|---|`);
  for (const [row, [theirs = 0, ours = 0]] of rows) {
    const ratio = (ours / theirs).toFixed(3);
    console.log(`| ${row} | ${theirs.toFixed(0)} | ${ours.toFixed(0)} | ${ratio} |`);
  }
} finally {
  for (const engine of engines) await engine.stop();
  await rm(directory, { recursive: true, force: true });
}
