import { beforeAll, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { importPostgres, PROGRAMS, postgresVersion } from "../../harness/postgres-image.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const version = await postgresVersion();
const VOLUME = ["-v", "pgdata:/var/lib/postgresql"];

beforeAll(async () => {
  if (version !== undefined) await importPostgres(suite.daemon, version);
}, 60_000);

const psql = (sql: string) => suite.daemon.berth("exec", "pg", "psql", "-qAtc", sql);
const answer = async (sql: string) => must(await psql(sql)).stdout.trim();

async function start(): Promise<void> {
  must(await suite.daemon.berth("run", "-d", "--name", "pg", ...VOLUME, "postgres:test"));
  await ready();
}

const ready = () => eventually(async () => (await psql("SELECT 1")).stdout === "1\n", 40_000);

/**
 * Inserts number after number, one transaction each; each stands in the file once it is committed. A client
 * on the host: one in the container would have to be reaped by whoever inherits it when all else is killed.
 */
function insertNumbers(from: number, file: string) {
  const client = join(PROGRAMS, version ?? "", "bin/psql");
  const socket = join(suite.daemon.dataRoot, "volumes/pgdata/_data");
  const numbers = `seq ${from} 1000000 | sed 's/.*/INSERT INTO numbers VALUES (&);\\n\\\\echo &/'`;
  return Bun.spawn(["sh", "-c", `${numbers} | ${client} -q -h ${socket} -U postgres`], {
    stdin: "ignore",
    stdout: Bun.file(file),
    stderr: "ignore",
  });
}

const lastCommitted = async (file: string): Promise<number> => {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .trim()
    .split("\n");
  return Number(lines.at(-1) ?? 0);
};

/** Every number up to the last, none twice, none missing. */
async function numbersInDatabase(): Promise<number> {
  const [count, last] = (await answer("SELECT count(*), max(n) FROM numbers"))
    .split("|")
    .map(Number);
  expect(count).toBe(last ?? -1);
  return last ?? 0;
}

test.skipIf(version === undefined)(
  "PostgreSQL keeps its database in a volume: new container, kill -9 of everything, snapshot under load",
  async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    await start();
    await answer("CREATE TABLE numbers (n int PRIMARY KEY); INSERT INTO numbers VALUES (1)");
    must(await berth("stop", "-t", "10", "pg"));
    must(await berth("rm", "pg"));
    await start();
    expect(await answer("SELECT n FROM numbers")).toBe("1");

    const file = join(daemon.root, "committed");
    await writeFile(file, "");
    const load = insertNumbers(2, file);
    await eventually(async () => (await lastCommitted(file)) > 50, 30_000);
    const before = await lastCommitted(file);
    must(await berth("volume", "snapshot", "pgdata", "underload"));
    const atSnapshot = await lastCommitted(file);
    await eventually(async () => (await lastCommitted(file)) > atSnapshot + 50, 30_000);

    const pid = Number(must(await berth("inspect", "-f", "{{.State.Pid}}", "pg")).stdout);
    const supervisor = await daemon.supervisorPid();
    await daemon.kill();
    process.kill(supervisor, "SIGKILL");
    process.kill(pid, "SIGKILL");
    await load.exited;
    const committed = await lastCommitted(file);
    await daemon.up();
    expect((await berth("volume", "rm", "pgdata")).stderr).toContain("volume is in use");
    must(await berth("start", "pg"));
    await ready();
    expect(await numbersInDatabase()).toBeGreaterThanOrEqual(committed);

    must(await berth("rm", "-f", "pg"));
    must(await berth("volume", "restore", "pgdata", "underload"));
    await start();
    const restored = await numbersInDatabase();
    expect(restored).toBeGreaterThanOrEqual(before);
    expect(restored).toBeLessThanOrEqual(committed);
    console.log(
      `committed before the snapshot: ${before}, in it: ${restored}, at the kill: ${committed}`,
    );
    await answer("INSERT INTO numbers SELECT max(n) + 1 FROM numbers");
    must(await berth("rm", "-f", "pg"));
    must(await berth("volume", "rm", "--now", "pgdata"));
  },
  180_000,
);

hostStaysClean(suite);
