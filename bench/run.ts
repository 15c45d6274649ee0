/**
 * Measures Berth beside dockerd in one run: `npm run bench`. Needs root, a built dist/berth and Debian's
 * docker.io. Prints a Markdown table; the ratio is Berth's median over dockerd's.
 */
import { cpus, release } from "node:os";
import { type Contender, startBerth, startDockerd } from "./contender.ts";
import { compare, median, memory, time } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 15);
const only = process.argv[2];

const berth = await startBerth();
const dockerd = await startDockerd();
/** The docker CLI on Berth: what a user has who changes nothing but the socket. */
const dockerOnBerth: Contender = {
  ...berth,
  name: "docker CLI on berth",
  command: ["docker", "-H", berth.command[2] ?? ""],
};
const contenders = [dockerd, berth, dockerOnBerth];

interface Row {
  name: string;
  goal: string;
  rounds: number;
  measure: (contender: Contender, round: number) => Promise<number>;
}

const runOn = (network: string) => (contender: Contender) =>
  time(contender, "run", "--rm", "--network", network, "busybox", "true");

async function prepared(contender: Contender, ...args: string[]): Promise<void> {
  await time(contender, ...args);
}

/** Unique among contenders that share an engine. */
const box = (contender: Contender, purpose: string) =>
  `${purpose}-${contender.name.replaceAll(" ", "-")}`;

async function startForty(contender: Contender): Promise<number> {
  const started = performance.now();
  await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      time(
        contender,
        "run",
        "-d",
        "--name",
        box(contender, `n${index}`),
        "busybox",
        "sleep",
        "1000",
      ),
    ),
  );
  const elapsed = performance.now() - started;
  const removed = await removeForty(contender);
  removals.set(contender.name, [...(removals.get(contender.name) ?? []), removed]);
  return elapsed;
}
/** What each removal of the forty took, by contender. */
const removals = new Map<string, number[]>();

function removeForty(contender: Contender): Promise<number> {
  const names = Array.from({ length: 40 }, (_, index) => box(contender, `n${index}`));
  return time(contender, "rm", "-f", ...names);
}

async function writeMillion(contender: Contender): Promise<number> {
  await prepared(contender, "rm", "-f", box(contender, "million")).catch(() => undefined);
  const elapsed = await time(
    contender,
    "run",
    "-d",
    "--name",
    box(contender, "million"),
    "busybox",
    "seq",
    "1000000",
  );
  return elapsed + (await time(contender, "wait", box(contender, "million")));
}

const rows: Row[] = [
  { name: "run --rm, bridge", goal: "≤ 0.10", rounds: ROUNDS, measure: runOn("bridge") },
  { name: "run --rm, none", goal: "≤ 0.17", rounds: ROUNDS, measure: runOn("none") },
  { name: "run --rm, host", goal: "≤ 0.17", rounds: ROUNDS, measure: runOn("host") },
  {
    name: "exec",
    goal: "≤ 0.25",
    rounds: ROUNDS,
    measure: async (contender, round) => {
      if (round < 0)
        await prepared(
          contender,
          "run",
          "-d",
          "--name",
          box(contender, "box"),
          "busybox",
          "sleep",
          "9999",
        );
      return time(contender, "exec", box(contender, "box"), "true");
    },
  },
  { name: "ps", goal: "≤ 1", rounds: ROUNDS, measure: (contender) => time(contender, "ps") },
  {
    name: "inspect",
    goal: "≤ 1",
    rounds: ROUNDS,
    measure: (contender) => time(contender, "inspect", box(contender, "box")),
  },
  { name: "40 parallel run -d", goal: "≤ 0.10", rounds: 3, measure: startForty },
  {
    name: "rm -f of 40",
    goal: "≤ 0.10",
    rounds: 1,
    measure: async (contender) => median(removals.get(contender.name) ?? []),
  },
  { name: "1,000,000 lines written", goal: "≤ 0.50", rounds: 3, measure: writeMillion },
  {
    name: "1,000,000 lines read",
    goal: "≤ 0.10",
    rounds: 3,
    measure: (contender) => time(contender, "logs", box(contender, "million")),
  },
];

async function idleMemory(contender: Contender): Promise<number> {
  const names = Array.from({ length: 100 }, (_, index) => box(contender, `idle${index}`));
  for (const name of names)
    await prepared(contender, "run", "-d", "--name", name, "busybox", "sleep", "9999");
  const used = await memory(await contender.pids());
  await prepared(contender, "rm", "-f", ...names);
  return used;
}

const figure = (value: number | undefined) =>
  value === undefined ? "" : value >= 100 ? value.toFixed(0) : value.toFixed(1);

try {
  const version = (contender: Contender) =>
    Bun.spawnSync([...contender.command, "version", "--format", "{{.Server.Version}}"])
      .stdout.toString()
      .trim();
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}`,
  );
  console.log(`berth ${version(berth)}, dockerd ${version(dockerd)}, medians in ms\n`);
  console.log(
    "| | dockerd | berth | docker CLI on berth | ratio | goal |\n|---|---|---|---|---|---|",
  );
  for (const row of rows.filter(({ name }) => only === undefined || name.includes(only))) {
    const [theirs, ours, mixed] = await compare(contenders, row.rounds, row.measure);
    const ratio = ((ours ?? Number.NaN) / (theirs ?? Number.NaN)).toFixed(3);
    console.log(
      `| ${row.name} | ${figure(theirs)} | ${figure(ours)} | ${figure(mixed)} | ${ratio} | ${row.goal} |`,
    );
  }
  if (only === undefined || only === "memory") {
    const theirs = await idleMemory(dockerd);
    const ours = await idleMemory(berth);
    console.log(
      `| 100 idle containers: engine's memory, MB | ${figure(theirs)} | ${figure(ours)} | | ${(ours / theirs).toFixed(3)} | < 100 MB |`,
    );
  }
} finally {
  for (const contender of [berth, dockerd]) {
    const ids = Bun.spawnSync([...contender.command, "ps", "-aq"])
      .stdout.toString()
      .split("\n")
      .filter(Boolean);
    if (ids.length > 0) Bun.spawnSync([...contender.command, "rm", "-f", ...ids]);
    await contender.stop();
  }
}
