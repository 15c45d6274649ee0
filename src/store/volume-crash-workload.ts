import { cpSync, existsSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openStore, type Store } from "./index.ts";

/**
 * Works on the volumes of a store until it is killed: the other side of volume-crash.test.ts. Every file
 * that it writes has content that is nowhere else; it says `wrote <token>` when one is there, and lets none
 * `dropped <token>` before it lets one go for good.
 */

const NAMES = ["aa", "bb", "cc", "dd"];
const random = (below: number): number => Math.floor(Math.random() * below);
const pick = <T>(values: readonly T[]): T | undefined => values[random(values.length)];
const say = (text: string): void => void writeSync(1, `${text}\n`);

type Work = (store: Store, name: string) => Promise<void> | void;

const write: Work = ({ volumes }, name) => {
  const token = crypto.randomUUID();
  writeFileSync(join(volumes.create({ name }).mountpoint, token), token);
  say(`wrote ${token}`);
};

const snapshot: Work = async ({ volumes }, name) => {
  const { mountpoint } = volumes.get(name);
  await volumes.addSnapshot(name, crypto.randomUUID(), async (target) =>
    cpSync(mountpoint, target, { recursive: true }),
  );
};

/** The former content stays as a snapshot: nothing is let go. */
const replace: Work = async ({ volumes }, name) => {
  const token = crypto.randomUUID();
  await volumes.replaceContent(name, crypto.randomUUID(), async (target) =>
    writeFileSync(join(target, token), token),
  );
  say(`wrote ${token}`);
};

const rename: Work = ({ volumes }, name) => {
  const free = NAMES.find((other) => !volumes.has(other));
  if (free !== undefined) volumes.rename(name, free);
};

/** A kill between locking and unlocking leaves a volume that may not go. */
const trash: Work = ({ volumes }, name) => {
  if (volumes.get(name).locked !== true) volumes.moveToTrash(name);
};

const restore: Work = ({ volumes }) => {
  const found = volumes.trash.list().find(({ volume }) => !volumes.has(volume.name));
  if (found !== undefined) volumes.trash.restore(found.id);
};

const clone: Work = async ({ volumes }, name) => {
  const free = NAMES.find((other) => !volumes.has(other));
  if (free === undefined) return;
  const { mountpoint } = volumes.get(name);
  await volumes.createFilled({ name: free }, async (target) =>
    cpSync(mountpoint, target, { recursive: true }),
  );
};

const lock: Work = ({ volumes }, name) => {
  volumes.setLocked(name, true);
  volumes.setLocked(name, false);
};

const WORK: readonly Work[] = [
  write,
  write,
  snapshot,
  replace,
  rename,
  trash,
  restore,
  clone,
  lock,
];

async function work(root: string): Promise<never> {
  const store = await openStore(root);
  say("ready");
  for (;;) {
    const name = pick(NAMES) ?? "";
    const job = pick(WORK);
    if (job === undefined || (job !== write && job !== restore && !store.volumes.has(name)))
      continue;
    await job(store, name);
    // Others' turn: a kill is to hit everything alike.
    if (!existsSync(root)) process.exit(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

if (import.meta.main) await work(process.argv[2] ?? "");
