/**
 * Measures image builds beside dockerd's classic builder, turn by turn: `bun bench/build.ts`. Needs root, a built
 * dist/berth and Debian's docker.io. Prints a Markdown table, medians in milliseconds. `DOCKER_BUILDKIT=1` measures
 * beside BuildKit, where the docker command line has its plugin buildx; `BENCH_DOCKERD` and `BENCH_DOCKER` name
 * other programs than those of the path.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Contender, startBerth, startDockerd } from "./contender.ts";
import { median, time } from "./measure.ts";

const beside = process.env["DOCKER_BUILDKIT"] === "1" ? "dockerd, BuildKit" : "dockerd";
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const SMALL = 3000;
const LARGE = 20_000;

interface Row {
  readonly name: string;
  readonly goal: string;
  /** Milliseconds. */
  measure(contender: Contender, round: number): Promise<number>;
}

const directory = await mkdtemp("/tmp/bench-build-");

async function context(name: string, dockerfile: string, files = 0): Promise<string> {
  const place = join(directory, name);
  await mkdir(join(place, "files"), { recursive: true });
  await writeFile(join(place, "Dockerfile"), dockerfile);
  for (let index = 0; index < files; index++) {
    await writeFile(join(place, "files", `f${index}`), `file ${index}\n`);
  }
  return place;
}

const runs = Array.from({ length: 15 }, (_, index) => `RUN echo ${index} > /f${index}\n`).join("");
const fifteen = await context("fifteen", `FROM busybox\n${runs}`);
const small = await context("small", "FROM busybox\nCOPY files /files\nRUN ls /files\n", SMALL);
const large = await context("large", "FROM busybox\nCOPY files /files\n", LARGE);
const stages = await context(
  "stages",
  "FROM busybox AS a\nRUN sleep 2\nFROM busybox\nRUN sleep 2\nCOPY --from=a /etc/passwd /x\n",
);

const build = (contender: Contender, place: string, ...flags: string[]): Promise<number> =>
  time(contender, "build", "-q", ...flags, place);

const ROWS: readonly Row[] = [
  {
    name: "15 RUNs, uncached",
    goal: "ratio ≤ 0.25",
    measure: (contender) => build(contender, fifteen, "--no-cache"),
  },
  { name: "15 RUNs, cached", goal: "", measure: (contender) => build(contender, fifteen) },
  {
    name: `cached, ${SMALL} files`,
    goal: "< 100 ms",
    measure: (contender) => build(contender, small),
  },
  {
    name: `one of ${LARGE} files touched`,
    goal: "",
    measure: async (contender, round) => {
      await writeFile(join(large, "files/f7"), `${contender.name} ${round}\n`);
      return await build(contender, large);
    },
  },
  {
    name: "two stages of 2 s each",
    goal: "the longer's time",
    measure: (contender) => build(contender, stages, "--no-cache"),
  },
];

process.env["DOCKER_BUILDKIT"] ??= "0";
const dockerd = { ...(await startDockerd()), name: beside };
const berth = await startBerth();
const socket = berth.command.at(-1) ?? "";
const onBerth: Contender = {
  ...berth,
  name: "docker CLI on berth",
  // Berth serves the classic protocol to it.
  command: ["env", "DOCKER_BUILDKIT=0", "docker", "-H", socket],
};
const contenders = [dockerd, berth, onBerth];
try {
  console.log(`| | ${contenders.map(({ name }) => name).join(" | ")} | ratio | goal |`);
  console.log("|---|---|---|---|---|---|");
  for (const row of ROWS) {
    const results = contenders.map(() => [] as number[]);
    // The first of each fills caches and is not counted.
    for (let round = -1; round < ROUNDS; round++) {
      for (const [index, contender] of contenders.entries()) {
        const elapsed = await row.measure(contender, round);
        if (round >= 0) results[index]?.push(elapsed);
      }
    }
    const [theirs = Number.NaN, ours = Number.NaN, cli = Number.NaN] = results.map(median);
    const cells = [theirs, ours, cli].map((value) => value.toFixed(0)).join(" | ");
    console.log(`| ${row.name} | ${cells} | ${(ours / theirs).toFixed(3)} | ${row.goal} |`);
  }
} finally {
  await berth.stop();
  await dockerd.stop();
  await rm(directory, { recursive: true, force: true });
}
