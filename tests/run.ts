/**
 * Runs every test file in a process of its own, so that one that hangs or crashes takes nothing with it:
 * the checks, then unit tests (several at once), then end-to-end tests (one by one, since they compare
 * the host before and after). Arguments narrow the choice to paths that contain one of them.
 * The last line is `N passed, N failed`; the exit status is 1 on any failure.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { sweepLeftovers } from "./harness/sweep.ts";

const root = join(import.meta.dir, "..");
const bun = process.execPath;
const chosen = process.argv.slice(2);
/** Longest time of one file. */
const LIMIT = Number(process.env["BERTH_TEST_SECONDS"] ?? 0);
const UNIT_SECONDS = Math.max(240, LIMIT);
const END_TO_END_SECONDS = Math.max(600, LIMIT);

interface Outcome {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  output: string;
}

async function files(pattern: string): Promise<string[]> {
  const found = await Array.fromAsync(new Glob(pattern).scan({ cwd: root }));
  const wanted = (file: string) =>
    chosen.length === 0 || chosen.some((part) => file.includes(part));
  return found.filter(wanted).sort();
}

async function run(command: string[], seconds: number): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(command, {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  return { code, output: stdout + stderr };
}

const attribute = (xml: string, name: string): number =>
  Number(new RegExp(`<testsuites[^>]*\\s${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);

/** A file that ends badly without a failed test counts as one failure. */
async function runTestFile(file: string, seconds: number, reports: string): Promise<Outcome> {
  const started = performance.now();
  const report = join(reports, `${file.replaceAll("/", "_")}.xml`);
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const command = [
    bun,
    "test",
    `./${file}`,
    "--timeout",
    String(Math.max(60, LIMIT) * 1000),
    ...reporter,
  ];
  const { code, output } = await run(command, seconds);
  const xml = await Bun.file(report)
    .text()
    .catch(() => "");
  const tests = attribute(xml, "tests");
  const failures = attribute(xml, "failures");
  const failed = code !== 0 && failures === 0 ? 1 : failures;
  const skipped = attribute(xml, "skipped");
  const passed = tests - failures - skipped;
  const elapsed = (performance.now() - started) / 1000;
  return { name: file, passed, failed, skipped, seconds: elapsed, output };
}

async function runCheck(name: string, command: string[]): Promise<Outcome> {
  const started = performance.now();
  const { code, output } = await run(command, UNIT_SECONDS);
  const failed = code === 0 ? 0 : 1;
  return {
    name,
    passed: 1 - failed,
    failed,
    skipped: 0,
    seconds: (performance.now() - started) / 1000,
    output,
  };
}

function report(outcome: Outcome): Outcome {
  const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : "";
  const failed = outcome.failed > 0 ? `, ${outcome.failed} FAILED` : "";
  const counts = `${outcome.passed} passed${skipped}${failed}`;
  console.log(`${outcome.name}: ${counts} (${outcome.seconds.toFixed(1)} s)`);
  if (outcome.failed > 0) console.log(outcome.output.replace(/^/gm, "    "));
  return outcome;
}

async function inParallel(tasks: (() => Promise<Outcome>)[], width: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      outcomes.push(report(await task()));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return outcomes;
}

await sweepLeftovers();
const reports = await mkdtemp(join(tmpdir(), "berth-reports-"));
const bin = (name: string) => join(root, "node_modules/.bin", name);
const checks = [
  ["format and lint", bin("biome"), "check", "--error-on-warnings", "."],
  ["types", bin("tsc"), "--noEmit"],
  ["boundaries", bun, "tools/check-boundaries.ts"],
].map(
  ([name = "", ...command]) =>
    () =>
      runCheck(name, command),
);
const unit = (await files("{src,cmd,tools}/**/*.test.ts")).map(
  (file) => () => runTestFile(file, UNIT_SECONDS, reports),
);
const endToEnd = (await files("tests/{api,e2e,vm}/**/*.test.ts")).map(
  (file) => () => runTestFile(file, END_TO_END_SECONDS, reports),
);
const outcomes = [
  ...(chosen.length === 0 ? await inParallel(checks, 2) : []),
  ...(await inParallel(unit, 2)),
  ...(await inParallel(endToEnd, 1)),
];
await rm(reports, { recursive: true });
const total = (key: "passed" | "failed") =>
  outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
const failures = outcomes.filter((outcome) => outcome.failed > 0);
if (failures.length > 0) console.log(`Failed in: ${failures.map(({ name }) => name).join(", ")}`);
console.log(`${total("passed")} passed, ${total("failed")} failed`);
process.exit(total("failed") > 0 || outcomes.length === 0 ? 1 : 0);
