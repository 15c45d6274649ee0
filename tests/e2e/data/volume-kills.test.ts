import { expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

/**
 * Requests on volumes while the daemon is killed at random moments: no file that was there when its writer
 * was done is ever lost. `BERTH_KILL_ROUNDS=100` for a longer search.
 */
const ROUNDS = Number(process.env["BERTH_KILL_ROUNDS"] ?? 6);
const NAMES = ["aa", "bb", "cc"];
/** Milliseconds. */
const LONGEST_LIFE = 400;

const suite = useDaemon();
const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

const post = async (path: string): Promise<void> => {
  const response = await suite.daemon.api(path, { method: "POST" });
  await response.text();
};

/** What a user may do without letting content go. Refusals are part of life. */
const ACTIONS: readonly ((name: string, other: string) => Promise<unknown>)[] = [
  (name) =>
    post(`/berth/volumes/${name}/snapshot?name=s${Date.now()}${Math.floor(Math.random() * 1e6)}`),
  (name) => post(`/berth/volumes/${name}/restore`),
  (name, other) => post(`/berth/volumes/${name}/rename?name=${other}`),
  (name, other) => post(`/berth/volumes/${name}/clone?name=${other}`),
  (name) => suite.daemon.api(`/volumes/${name}`, { method: "DELETE" }),
  (name) => post(`/berth/volumes/trash/${name}/recover`),
  () => post(`/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`),
];

/** A new volume's file, or one more in a volume that is there; undefined where it was taken away meanwhile. */
function write(volumes: string): string | undefined {
  const name = NAMES.find((one) => existsSync(join(volumes, one, "_data")));
  if (name === undefined) return undefined;
  const token = crypto.randomUUID();
  try {
    writeFileSync(join(volumes, name, "_data", token), token);
    return token;
  } catch {
    return undefined;
  }
}

/** Everything that a user can reach: volumes, snapshots, the trash. */
function reachable(volumes: string): Set<string> {
  const found = new Set<string>();
  const trash = join(volumes, ".trash");
  const places = [
    ...readdirSync(volumes)
      .filter((name) => !name.startsWith("."))
      .map((name) => join(volumes, name)),
    ...readdirSync(trash).map((id) => join(trash, id)),
  ];
  for (const place of places) {
    const kept = join(place, "snapshots");
    const snapshots = existsSync(kept) ? readdirSync(kept).map((name) => join(kept, name)) : [];
    for (const content of [place, ...snapshots]) {
      for (const token of readdirSync(join(content, "_data"))) found.add(token);
    }
  }
  return found;
}

async function live(volumes: string, milliseconds: number): Promise<string[]> {
  const written: string[] = [];
  const end = Date.now() + milliseconds;
  const work = async () => {
    while (Date.now() < end + 50) {
      try {
        await pick(ACTIONS)(pick(NAMES), pick(NAMES));
      } catch {
        // The daemon has been killed.
        return;
      }
    }
  };
  const workers = [work(), work(), work()];
  while (Date.now() < end) {
    const body = JSON.stringify({ Name: pick(NAMES) });
    const headers = { "Content-Type": "application/json" };
    await suite.daemon.api("/volumes/create", { method: "POST", headers, body });
    const token = write(volumes);
    if (token !== undefined) written.push(token);
    await Bun.sleep(10);
  }
  await suite.daemon.kill();
  await Promise.all(workers);
  return written;
}

test(`nothing is lost in ${ROUNDS} lives of a daemon that is killed while it works on volumes`, async () => {
  const { daemon } = suite;
  const volumes = join(daemon.dataRoot, "volumes");
  must(await daemon.berth("create", "--name", "user", "-v", "used:/d", "busybox"));
  const written = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const token of await live(volumes, 50 + Math.random() * LONGEST_LIFE)) written.add(token);
    await daemon.up();
    const found = reachable(volumes);
    expect([...written].filter((token) => !found.has(token))).toEqual([]);
    const listed = must(await daemon.berth("volume", "ls", "-q"))
      .stdout.trim()
      .split("\n");
    expect(
      readdirSync(volumes)
        .filter((name) => !name.startsWith("."))
        .sort(),
    ).toEqual(listed);
    expect(listed).toContain("used");
  }
  expect(written.size).toBeGreaterThan(ROUNDS);
  must(await daemon.berth("rm", "user"));
}, 120_000);

hostStaysClean(suite);
