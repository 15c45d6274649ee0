import { conflict, type Volume } from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import type { EngineContext } from "../context.ts";
import { toVolume } from "./volume-view.ts";

type Context = Pick<EngineContext, "store" | "containers" | "events">;

/** Kind of the journal's entries. */
export const RENAME = "volume.rename";

export interface Rename {
  from: string;
  to: string;
}

/**
 * Gives a volume another name. Its containers follow, running ones too: they hold the directory itself, and
 * find it under its new name when they start again.
 */
export async function renameVolume(context: Context, from: string, to: string): Promise<Volume> {
  const { volumes } = context.store;
  volumes.get(from);
  return await locked(context.containers.usersOfVolume(from), () => {
    if (context.containers.unfinished().some((record) => uses(record, from))) {
      throw conflict(
        `Cannot rename volume "${from}": a container is being made with it; try again when that is done`,
      );
    }
    const entry = context.store.journal.begin<Rename>(RENAME, { from, to });
    try {
      const renamed = volumes.rename(from, to);
      follow(context, { from, to });
      context.events.publish({
        type: "volume",
        action: "rename",
        id: to,
        attributes: { driver: renamed.driver, oldName: from },
      });
      return toVolume(renamed);
    } finally {
      entry.finish();
    }
  });
}

/** Runs `work` while no other operation on these containers does; they are locked in one order. */
function locked<T>(containers: readonly Container[], work: () => T): Promise<T> {
  const sorted = [...containers].sort((a, b) => (a.id < b.id ? -1 : 1));
  return sorted.reduceRight<() => Promise<T>>(
    (inner, { lock }) =>
      () =>
        lock.run(inner),
    async () => work(),
  )();
}

/** The daemon died in the middle: where the directory has its new name, the containers get it too. */
export function recoverRename(context: Context, rename: Rename): void {
  const { volumes } = context.store;
  if (volumes.has(rename.to) && !volumes.has(rename.from)) follow(context, rename);
}

const uses = (record: Container["record"], name: string): boolean =>
  record.mounts.some((mount) => mount.type === "volume" && mount.name === name);

/** All records in one transaction. */
function follow(context: Context, { from, to }: Rename): void {
  const { mountpoint } = context.store.volumes.get(to);
  context.store.records.transaction(() => {
    for (const container of context.containers.usersOfVolume(from)) {
      const { record } = container;
      for (const mount of record.mounts) {
        if (mount.type !== "volume" || mount.name !== from) continue;
        Object.assign(mount, { name: to, source: mountpoint, anonymous: false });
      }
      const { Binds, Mounts } = record.hostConfig;
      record.hostConfig.Binds =
        Binds?.map((bind) =>
          bind.startsWith(`${from}:`) ? `${to}${bind.slice(from.length)}` : bind,
        ) ?? Binds;
      for (const mount of Mounts ?? []) {
        if (mount.Type === "volume" && mount.Source === from) mount.Source = to;
      }
      container.save();
    }
  });
}
