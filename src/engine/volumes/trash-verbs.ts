import {
  notFound,
  type TrashedVolumeSummary,
  type Volume,
  type VolumeTrashReport,
} from "../../spec/index.ts";
import type { TrashedVolume } from "../../store/index.ts";
import type { EngineContext } from "../context.ts";
import { toVolume } from "./volume-view.ts";

type Context = Pick<EngineContext, "store" | "events" | "trashKeeper">;

/** Removed volumes that can be brought back, the latest first. */
export async function listTrash(context: Context): Promise<TrashedVolumeSummary[]> {
  const { trashKeeper, store } = context;
  return await Promise.all(
    store.volumes.trash.list().map(async (trashed) => ({
      Id: trashed.id,
      Name: trashed.volume.name,
      RemovedAt: trashed.removedAt,
      ExpiresAt: new Date(trashKeeper.expiry(trashed)).toISOString(),
      Size: await trashKeeper.size(trashed),
      Labels: { ...trashed.volume.labels },
    })),
  );
}

/** By id, or by name: then the one that was removed last. */
export async function restoreTrashed(context: Context, ref: string, as?: string): Promise<Volume> {
  const restored = context.store.volumes.trash.restore(find(context, ref).id, as);
  context.events.publish({
    type: "volume",
    action: "create",
    id: restored.name,
    attributes: { driver: restored.driver },
  });
  return toVolume(restored);
}

/** Deletes for good: what is named, or everything. */
export async function emptyTrash(
  context: Context,
  refs: readonly string[],
): Promise<VolumeTrashReport> {
  const { trash } = context.store.volumes;
  const doomed = refs.length === 0 ? trash.list() : refs.map((ref) => find(context, ref));
  const report: VolumeTrashReport = { Deleted: [], SpaceReclaimed: 0 };
  for (const trashed of doomed) {
    report.SpaceReclaimed += await context.trashKeeper.size(trashed);
    trash.delete(trashed.id);
    report.Deleted.push(trashed.id);
  }
  return report;
}

function find(context: Context, ref: string): TrashedVolume {
  const trashed = context.store.volumes.trash.list();
  const found =
    trashed.find(({ id }) => id === ref) ?? trashed.find(({ volume }) => volume.name === ref);
  if (found === undefined) throw notFound(`Cannot find a removed volume "${ref}"`);
  return found;
}
