import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type Store } from "./index.ts";

/** More rounds find rarer moments: `BERTH_CRASH_ROUNDS=200 bun test src/store/volume-crash.test.ts`. */
const ROUNDS = Number(process.env["BERTH_CRASH_ROUNDS"] ?? 12);
const LONGEST_LIFE = 200; // milliseconds after the store is open

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "volume-crash-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the workload, kills it, and returns what it said it had written. */
async function workAndDie(life: number): Promise<string[]> {
  const program = join(import.meta.dir, "volume-crash-workload.ts");
  const child = Bun.spawn([process.execPath, program, root], { stdout: "pipe", stderr: "inherit" });
  let text = "";
  for await (const chunk of child.stdout) {
    if (text === "") setTimeout(() => child.kill("SIGKILL"), life);
    text += Buffer.from(chunk).toString();
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  return [...text.matchAll(/^wrote (\S+)\n/gm)].map(([, token = ""]) => token);
}

/** Everything that a user can reach: volumes, their snapshots, and removed ones with theirs. */
function reachable(store: Store): Set<string> {
  const found = new Set<string>();
  const volumes = store.volumes.list().map(({ name }) => join(root, "volumes", name));
  const trashed = store.volumes.trash.list().map(({ id }) => join(root, "volumes/.trash", id));
  for (const directory of [...volumes, ...trashed]) {
    const snapshots = join(directory, "snapshots");
    const kept = existsSync(snapshots) ? readdirSync(snapshots) : [];
    for (const content of [directory, ...kept.map((name) => join(snapshots, name))]) {
      for (const token of readdirSync(join(content, "_data"))) found.add(token);
    }
  }
  return found;
}

test(`no file in a volume is lost after SIGKILL at ${ROUNDS} random moments`, async () => {
  const written = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const token of await workAndDie(Math.random() * LONGEST_LIFE)) written.add(token);
    const store = await openStore(root);
    const found = reachable(store);
    expect([...written].filter((token) => !found.has(token))).toEqual([]);
    // Nothing half-made stays, and records and directories say the same.
    const places = readdirSync(join(root, "volumes")).filter((name) => !name.startsWith("."));
    expect(places.sort()).toEqual(store.volumes.list().map(({ name }) => name));
    for (const name of places) {
      const left = readdirSync(join(root, "volumes", name)).sort();
      expect(left.filter((each) => each !== "snapshots")).toEqual(["_data", "volume.json"]);
    }
    await store.close();
  }
  expect(written.size).toBeGreaterThan(ROUNDS);
}, 120_000);
