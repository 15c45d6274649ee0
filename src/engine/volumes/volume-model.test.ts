/**
 * Random histories of volumes and containers against a model of what must be there: real store, real verbs,
 * restarts in between. After every step each file that somebody could still want is where it belongs.
 */
import { expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { errorKind } from "../../spec/index.ts";
import { openStore, type VolumeRecord } from "../../store/index.ts";
import type { ContainerRecord } from "../containers/container-record.ts";
import { ContainerRegistry } from "../containers/container-registry.ts";
import { createVolumes } from "../containers/mounts/create-volumes.ts";
import { parseBind } from "../containers/mounts/parse-mounts.ts";
import { removeContainer } from "../containers/remove.ts";
import type { EngineContext } from "../context.ts";
import { addContainer, type FakeEngine, fakeEngine } from "../testing/fake-engine.ts";
import { RENAME, recoverRename, renameVolume } from "./rename-volume.ts";
import { TrashKeeper } from "./trash-keeper.ts";
import { emptyTrash, restoreTrashed } from "./trash-verbs.ts";
import { createVolume, lockVolume, pruneVolumes, removeVolume } from "./volume-verbs.ts";

/** More histories find rarer mistakes: `BERTH_MODEL_RUNS=2000 bun test src/engine/volumes`. */
const RUNS = Number(process.env["BERTH_MODEL_RUNS"] ?? 60);
const NAMES = ["aa", "bb", "cc"];
const CONTAINERS = ["c1", "c2"];

type Files = Record<string, string>;
interface ModelVolume {
  files: Files;
  locked: boolean;
  snapshots: Record<string, Files>;
}
interface Model {
  volumes: Map<string, ModelVolume>;
  /** The latest last. */
  trash: { name: string; volume: ModelVolume }[];
  /** Container → volume; running or not. */
  uses: Map<string, { volume: string; running: boolean }>;
  written: number;
}

/** An engine over a real store, which can be started again. */
class Real {
  readonly #root = mkdtempSync(
    join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "berth-model-"),
  );
  #engine: FakeEngine | undefined;
  readonly ids = new Map<string, string>();

  get engine(): FakeEngine {
    if (this.#engine === undefined) throw new Error("not started");
    return this.#engine;
  }

  get context(): EngineContext {
    return this.engine.context;
  }

  async start(): Promise<void> {
    const store = await openStore(this.#root);
    const fake = fakeEngine();
    const { clock, log } = fake.context;
    const context: EngineContext = {
      ...fake.context,
      store,
      containers: new ContainerRegistry(store.records.collection<ContainerRecord>("containers")),
      trashKeeper: new TrashKeeper({
        trash: store.volumes.trash,
        settings: { keep: 3_600_000, limit: 1e9 },
        clock,
        log,
        disk: () => ({ total: 1, free: 1 }),
      }),
    };
    this.#engine = { ...fake, context };
    await store.journal.recover({ [RENAME]: (rename: never) => recoverRename(context, rename) });
    const running = new Set<string>();
    for (const container of context.containers.all()) {
      if (!container.running) continue;
      running.add(container.id);
      for (const { name = "" } of container.record.mounts) store.volumes.adopt(name, container.id);
    }
    store.volumes.releaseAllExcept(running);
  }

  async stop(): Promise<void> {
    this.context.trashKeeper.stop();
    await this.context.trashKeeper.tend();
    this.context.trashKeeper.stop();
    await this.context.store.close();
    this.engine.dispose();
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#root, { recursive: true });
  }

  container(name: string) {
    return this.context.containers.get(this.ids.get(name) ?? "");
  }
}

const filesIn = (directory: string): Files =>
  Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), "utf8")]),
  );

async function compare(model: Model, { context }: Real): Promise<void> {
  const { volumes } = context.store;
  const found = new Map<string, ModelVolume>();
  for (const { name, mountpoint, locked = false } of volumes.list()) {
    const snapshots: Record<string, Files> = {};
    for (const snapshot of volumes.snapshots(name)) {
      const opened = await volumes.open(`${name}@${snapshot.name}`, "compared");
      snapshots[snapshot.name] = filesIn(opened.directory);
      opened.close();
    }
    found.set(name, { files: filesIn(mountpoint), locked, snapshots });
  }
  const sorted = [...model.volumes].sort(([a], [b]) => (a < b ? -1 : 1));
  expect([...found]).toEqual(sorted);
  const trashed = volumes.trash.list().map(({ volume }) => volume.name);
  expect(trashed).toEqual(model.trash.map(({ name }) => name).reverse());
}

type Step = fc.AsyncCommand<Model, Real>;

/** A step that is done in both worlds, or refused in both. */
function step(
  text: string,
  allowed: (model: Model) => boolean,
  inModel: (model: Model) => void,
  inReal: (real: Real, model: Model) => Promise<unknown>,
): Step {
  return {
    check: () => true,
    toString: () => text,
    async run(model, real) {
      const expected = allowed(model);
      const failure = await inReal(real, model).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (expected && failure !== undefined) throw failure;
      if (!expected) expect(["conflict", "not-found"]).toContain(errorKind(failure));
      if (expected) inModel(model);
      await compare(model, real);
    },
  };
}

const users = (model: Model, name: string) =>
  [...model.uses.values()].filter(({ volume }) => volume === name);
const isUsed = (model: Model, name: string) => users(model, name).length > 0;
const removable = (model: Model, name: string) =>
  model.volumes.get(name)?.locked === false && !isUsed(model, name);
const volumeOf = (model: Model, name: string): ModelVolume =>
  model.volumes.get(name) ?? { files: {}, locked: false, snapshots: {} };

function toTrash(model: Model, name: string): void {
  model.trash.push({ name, volume: volumeOf(model, name) });
  model.volumes.delete(name);
}

const create = (name: string): Step =>
  step(
    `create ${name}`,
    () => true,
    (model) => void model.volumes.set(name, volumeOf(model, name)),
    ({ context }) => createVolume(context, { Name: name }),
  );

/** Content that is nowhere else, so that its loss is seen. */
const write = (name: string): Step => ({
  check: (model) => model.volumes.has(name),
  toString: () => `write ${name}`,
  async run(model, { context }) {
    const file = `f${model.written++}`;
    writeFileSync(join(context.store.volumes.get(name).mountpoint, file), file);
    volumeOf(model, name).files[file] = file;
  },
});

const use = (container: string, name: string): Step => ({
  check: (model) => !model.uses.has(container),
  toString: () => `use ${name} in ${container}`,
  async run(model, real) {
    const mounts = createVolumes(real.context, [parseBind(`${name}:/data`, "")]);
    const id = addContainer(real.engine, { record: { name: container, mounts } });
    real.ids.set(container, id);
    model.volumes.set(name, volumeOf(model, name));
    model.uses.set(container, { volume: name, running: false });
    await compare(model, real);
  },
});

const run = (container: string, running: boolean): Step => ({
  check: (model) => model.uses.get(container)?.running === !running,
  toString: () => `${running ? "start" : "stop"} ${container}`,
  async run(model, real) {
    const { record, id } = real.container(container);
    const { name = "" } = record.mounts[0] ?? {};
    const { volumes } = real.context.store;
    if (running) volumes.acquire(name, id);
    else volumes.release(name, id);
    record.state.status = running ? "running" : "exited";
    real.container(container).save();
    const entry = model.uses.get(container);
    if (entry !== undefined) entry.running = running;
    expect(name).toBe(entry?.volume ?? "");
  },
});

const removeUser = (container: string, volumes: boolean): Step => ({
  check: (model) => model.uses.get(container)?.running === false,
  toString: () => `rm ${volumes ? "-v " : ""}${container}`,
  async run(model, real) {
    const options = { force: false, volumes, link: false };
    await removeContainer(real.context, real.ids.get(container) ?? "", options);
    model.uses.delete(container);
    await compare(model, real);
  },
});

const remove = (name: string): Step =>
  step(
    `volume rm ${name}`,
    (model) => removable(model, name),
    (model) => toTrash(model, name),
    ({ context }) => removeVolume(context, name, { force: false }),
  );

const removeNow = (name: string): Step =>
  step(
    `volume rm --now ${name}`,
    (model) => removable(model, name),
    (model) => void model.volumes.delete(name),
    ({ context }) => removeVolume(context, name, { force: false, now: true }),
  );

const prune = (): Step =>
  step(
    "volume prune -a",
    () => true,
    (model) => {
      for (const name of [...model.volumes.keys()].sort()) {
        if (removable(model, name)) toTrash(model, name);
      }
    },
    async ({ context }) => {
      const options = { dryRun: true, now: false };
      const preview = await pruneVolumes(context, { all: ["true"] }, options);
      const report = await pruneVolumes(context, { all: ["true"] }, { ...options, dryRun: false });
      expect(report.VolumesDeleted).toEqual(preview.VolumesDeleted);
    },
  );

const rename = (from: string, to: string): Step =>
  step(
    `rename ${from} ${to}`,
    (model) => model.volumes.has(from) && !model.volumes.has(to),
    (model) => {
      model.volumes.set(to, volumeOf(model, from));
      model.volumes.delete(from);
      for (const user of users(model, from)) user.volume = to;
    },
    ({ context }) => renameVolume(context, from, to),
  );

const restore = (name: string): Step =>
  step(
    `trash restore ${name}`,
    (model) => model.trash.some((one) => one.name === name) && !model.volumes.has(name),
    (model) => {
      const index = model.trash.findLastIndex((one) => one.name === name);
      const [entry] = model.trash.splice(index, 1);
      if (entry !== undefined) model.volumes.set(name, entry.volume);
    },
    ({ context }) => restoreTrashed(context, name),
  );

const empty = (name: string): Step =>
  step(
    `trash empty ${name}`,
    (model) => model.trash.some((one) => one.name === name),
    (model) =>
      void model.trash.splice(
        model.trash.findLastIndex((one) => one.name === name),
        1,
      ),
    ({ context }) => emptyTrash(context, [name]),
  );

const lock = (name: string, locked: boolean): Step =>
  step(
    `${locked ? "lock" : "unlock"} ${name}`,
    (model) => model.volumes.has(name),
    (model) => {
      volumeOf(model, name).locked = locked;
    },
    ({ context }) => lockVolume(context, name, locked),
  );

const copyOf = (directory: string) => async (target: string) =>
  cpSync(directory, target, { recursive: true });

const snapshot = (name: string, label: string): Step =>
  step(
    `snapshot ${name} ${label}`,
    (model) => model.volumes.has(name) && volumeOf(model, name).snapshots[label] === undefined,
    (model) => {
      const { snapshots, files } = volumeOf(model, name);
      snapshots[label] = { ...files };
    },
    async ({ context: { store } }) => {
      const volume: VolumeRecord = store.volumes.get(name);
      await store.volumes.addSnapshot(name, label, copyOf(volume.mountpoint));
    },
  );

const restoreSnapshot = (name: string, label: string, keepAs: string): Step =>
  step(
    `restore ${name} ${label}, keep as ${keepAs}`,
    (model) =>
      volumeOf(model, name).snapshots[label] !== undefined &&
      volumeOf(model, name).snapshots[keepAs] === undefined &&
      !users(model, name).some(({ running }) => running),
    (model) => {
      const volume = volumeOf(model, name);
      volume.snapshots[keepAs] = volume.files;
      volume.files = { ...volume.snapshots[label] };
    },
    async ({ context: { store } }, model) => {
      // A name that is taken is changed rather than refused; that is not this step's subject.
      if (volumeOf(model, name).snapshots[keepAs] !== undefined) store.volumes.get("no-such");
      const { directory, close } = await store.volumes.open(`${name}@${label}`, "read");
      close();
      await store.volumes.replaceContent(name, keepAs, copyOf(directory));
    },
  );

const restart = (): Step => ({
  check: () => true,
  toString: () => "restart",
  async run(model, real) {
    await real.stop();
    await real.start();
    await compare(model, real);
  },
});

test("no history of volumes loses a file that somebody could still want", async () => {
  const name = fc.constantFrom(...NAMES);
  const container = fc.constantFrom(...CONTAINERS);
  const label = fc.constantFrom("s1", "s2");
  const steps = fc.commands(
    [
      name.map(create),
      name.map(write),
      name.map(write),
      fc.tuple(container, name).map(([user, volume]) => use(user, volume)),
      fc.tuple(container, fc.boolean()).map(([user, running]) => run(user, running)),
      fc.tuple(container, fc.boolean()).map(([user, volumes]) => removeUser(user, volumes)),
      name.map(remove),
      name.map(removeNow),
      fc.constant(null).map(prune),
      fc.tuple(name, name).map(([from, to]) => rename(from, to)),
      name.map(restore),
      name.map(empty),
      fc.tuple(name, fc.boolean()).map(([volume, locked]) => lock(volume, locked)),
      fc.tuple(name, label).map(([volume, kept]) => snapshot(volume, kept)),
      fc.tuple(name, label, label).map(([volume, from, to]) => restoreSnapshot(volume, from, to)),
      fc.constant(null).map(restart),
    ],
    { size: "+1" },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (commands) => {
      const real = new Real();
      await real.start();
      const model: Model = { volumes: new Map(), trash: [], uses: new Map(), written: 0 };
      try {
        await fc.asyncModelRun(() => ({ model, real }), commands);
      } finally {
        await real.end();
      }
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: RUNS * 1000 },
  );
}, 120_000);
