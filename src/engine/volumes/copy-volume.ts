import { type CopyTreeOptions, copyTree, unpackTar } from "../../archive/index.ts";
import {
  conflict,
  notFound,
  type ProgressMessage,
  type VolumeCloneOptions,
  type VolumeImportOptions,
  type VolumeRestoreOptions,
  type VolumeSnapshotOptions,
  type VolumeSnapshotSummary,
} from "../../spec/index.ts";
import type { VolumeSnapshot } from "../../store/index.ts";
import type { EngineContext } from "../context.ts";
import { ProgressQueue } from "../images/progress-queue.ts";
import { pauseWriters } from "./pause-writers.ts";
import { toVolume } from "./volume-view.ts";

type Context = Pick<EngineContext, "store" | "containers" | "events" | "host" | "log">;
type ByteStream = AsyncIterable<Uint8Array>;
type Progress = AsyncIterable<ProgressMessage>;

/** Makes a volume with the content of another one, or of `NAME@SNAPSHOT`. The last message carries it. */
export function cloneVolume(
  context: Context,
  ref: string,
  { to, pause }: VolumeCloneOptions,
  signal: AbortSignal,
): Progress {
  const { volumes } = context.store;
  return ProgressQueue.run(async (progress, running) => {
    const { labels } = volumes.get(nameOf(ref));
    const read = reading(context, ref, "cloned", { pause, progress, signal: running });
    const made = await read((copy) => volumes.createFilled({ name: to, labels }, copy));
    context.events.publish({
      type: "volume",
      action: "create",
      id: made.name,
      attributes: { driver: made.driver },
    });
    progress.push({ id: to, status: "Cloned", progressDetail: {}, aux: toVolume(made) });
  }, signal);
}

/** Keeps the present content of a volume. The last message carries the snapshot. */
export function snapshotVolume(
  context: Context,
  name: string,
  { name: given, pause }: VolumeSnapshotOptions,
  signal: AbortSignal,
): Progress {
  const { volumes } = context.store;
  return ProgressQueue.run(async (progress, running) => {
    const snapshot = given ?? timeName("", new Date());
    const read = reading(context, name, "kept in a snapshot", { pause, progress, signal: running });
    const made = await read((copy) => volumes.addSnapshot(name, snapshot, copy));
    progress.push({ id: snapshot, status: "Kept", progressDetail: {}, aux: summary(made) });
  }, signal);
}

export async function listVolumeSnapshots(
  context: Context,
  name: string,
): Promise<VolumeSnapshotSummary[]> {
  return context.store.volumes.snapshots(name).map(summary);
}

export async function removeVolumeSnapshot(
  context: Context,
  name: string,
  snapshot: string,
): Promise<void> {
  context.store.volumes.removeSnapshot(name, snapshot);
}

/** Puts a snapshot's content back. What the volume held until then becomes a snapshot, unless unwanted. */
export function restoreVolume(
  context: Context,
  name: string,
  { snapshot, discard }: VolumeRestoreOptions,
  signal: AbortSignal,
): Progress {
  const { volumes } = context.store;
  return ProgressQueue.run(async (progress, running) => {
    const wanted = snapshot ?? latest(volumes.snapshots(name))?.name;
    if (wanted === undefined) throw notFound(`Cannot restore volume "${name}": it has no snapshot`);
    checkNobodyRuns(context, "restore", name);
    const keepAs = discard ? undefined : timeName("before-restore-", new Date());
    const source = `${name}@${wanted}`;
    const directory = await snapshotDirectory(context, source);
    await volumes.replaceContent(name, keepAs, async (target) => {
      await copyTree(
        directory,
        target,
        copyOptions(context, source, { progress, signal: running }),
      );
      checkNobodyRuns(context, "restore", name);
    });
    const kept = keepAs === undefined ? "" : `; its former content is snapshot ${keepAs}`;
    progress.push({ id: name, status: `Restored from ${wanted}${kept}`, progressDetail: {} });
  }, signal);
}

/** Fills a new volume, or an empty one, from a tar; one with content only with `replace`. All or nothing. */
export function importVolume(
  context: Context,
  name: string,
  tar: ByteStream,
  { replace }: VolumeImportOptions,
  signal: AbortSignal,
): Progress {
  const { volumes } = context.store;
  return ProgressQueue.run(async (progress, running) => {
    const unpack = async (directory: string) => {
      progress.status(name, "Unpacking");
      await unpackTar(tar, directory, { mode: "plain", signal: running });
    };
    if (!volumes.has(name)) {
      const { driver } = await volumes.createFilled({ name }, unpack);
      context.events.publish({
        type: "volume",
        action: "create",
        id: name,
        attributes: { driver },
      });
    } else {
      const empty = (await volumes.usage(name)).files === 0;
      if (!empty && !replace) {
        throw conflict(
          `Cannot import into volume "${name}": it has content; with --replace that becomes a snapshot`,
        );
      }
      checkNobodyRuns(context, "import into", name);
      const keepAs = empty ? undefined : timeName("before-import-", new Date());
      await volumes.replaceContent(name, keepAs, async (directory) => {
        await unpack(directory);
        checkNobodyRuns(context, "import into", name);
      });
    }
    progress.push({ id: name, status: "Imported", progressDetail: {} });
  }, signal);
}

interface ReadOptions {
  pause: boolean;
  progress: ProgressQueue;
  signal: AbortSignal;
}

type Copy = (directory: string) => Promise<void>;

/**
 * What copies a volume somewhere while its writers are frozen, for no longer than it is read.
 */
function reading(context: Context, ref: string, purpose: string, options: ReadOptions) {
  return async <T>(use: (copy: Copy) => Promise<T>): Promise<T> => {
    const source = await context.store.volumes.open(ref, purpose);
    try {
      return await use(async (target) => {
        const frozen =
          options.pause && !ref.includes("@") ? await pauseWriters(context, ref) : undefined;
        try {
          await copyTree(source.directory, target, {
            ...copyOptions(context, ref, options),
            onCopied: async () => frozen?.resume(),
          });
        } finally {
          await frozen?.resume();
        }
      });
    } finally {
      source.close();
    }
  };
}

function copyOptions(
  { store }: Context,
  ref: string,
  { progress, signal }: Pick<ReadOptions, "progress" | "signal">,
): CopyTreeOptions {
  let total: number | undefined;
  return {
    signal,
    onProgress: ({ bytes, copied, shared }) => {
      if (copied) progress.status(ref, shared ? "Sharing blocks" : "Writing to the disk");
      else progress.progress(ref, "Copying", bytes, total ?? 0);
      if (copied || total !== undefined) return;
      // It takes long enough to be worth a look at how much there is.
      total = 0;
      store.volumes.usage(ref).then(
        (usage) => {
          total = usage.bytes;
        },
        () => undefined,
      );
    },
  };
}

/** While a container runs it holds the former directory, and would go on with that. */
function checkNobodyRuns(context: Context, verb: string, name: string): void {
  const running = context.containers.usersOfVolume(name).filter((container) => container.running);
  if (running.length === 0) return;
  const names = running.map((container) => container.name).join(", ");
  throw conflict(
    `Cannot ${verb} volume "${name}": it is in use by ${names}; stop what runs and try again`,
  );
}

/** The volume's own guard stands for the snapshot: it cannot go while its volume is being filled. */
async function snapshotDirectory(context: Context, ref: string): Promise<string> {
  const opened = await context.store.volumes.open(ref, "restored");
  opened.close();
  return opened.directory;
}

const nameOf = (ref: string): string => ref.split("@", 1)[0] ?? ref;

const latest = (snapshots: readonly VolumeSnapshot[]): VolumeSnapshot | undefined =>
  snapshots.at(-1);

const summary = ({ name, createdAt }: VolumeSnapshot): VolumeSnapshotSummary => ({
  Name: name,
  CreatedAt: createdAt,
});

/** `2026-11-25T07-35-00.123Z`: sorts by time, and is a name. */
const timeName = (prefix: string, time: Date): string =>
  `${prefix}${time.toISOString().replaceAll(":", "-")}`;
