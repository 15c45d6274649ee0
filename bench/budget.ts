/**
 * Where the milliseconds of one `run --rm busybox true` go: `npm run bench:budget`. The daemon tells its
 * steps in its debug log; what is left of the whole is the command line and the way between. Prints a
 * Markdown table of medians and minima.
 */
import { readFile } from "node:fs/promises";
import { startBerth } from "./contender.ts";
import { median, time } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 40);
const WARM_UP = 10;
const network = process.argv[2] ?? "bridge";

const berth = await startBerth("--log-level", "debug");
try {
  const whole: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const elapsed = await time(berth, "run", "--rm", "--network", network, "busybox", "true");
    if (round >= 0) whole.push(elapsed);
  }
  const client: number[] = [];
  for (let round = 0; round < ROUNDS; round++) client.push(await time(berth, "--version"));
  const steps = readSteps(await readFile(berth.log, "utf8"));
  console.log(`| step of a run on ${network} | median ms | min ms |\n|---|---|---|`);
  printRow("whole", whole);
  printRow("command line: a process that only prints its version", client);
  for (const [step, values] of steps) printRow(step, values.slice(-ROUNDS));
} finally {
  await berth.stop();
}

function printRow(step: string, values: readonly number[]): void {
  console.log(`| ${step} | ${median(values).toFixed(2)} | ${Math.min(...values).toFixed(2)} |`);
}

function readSteps(log: string): Map<string, number[]> {
  const steps = new Map<string, number[]>();
  for (const line of log.split("\n")) {
    const operation = /level=debug msg="(create|start|end)"/.exec(line)?.[1];
    if (operation === undefined) continue;
    for (const [, step, value] of line.matchAll(/ ([a-z-]+)=([\d.]+)(?= |$)/g)) {
      const name = `${operation}: ${step}`;
      steps.set(name, [...(steps.get(name) ?? []), Number(value)]);
    }
  }
  return steps;
}
