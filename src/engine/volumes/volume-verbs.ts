import {
  conflict,
  EngineError,
  type Filters,
  filterFlag,
  invalidArgument,
  matchesLabels,
  type Volume,
  type VolumeCreateRequest,
  type VolumeList,
  type VolumeListOptions,
  type VolumePruneOptions,
  type VolumePruneReport,
  type VolumeRemoveOptions,
} from "../../spec/index.ts";
import type { VolumeRecord } from "../../store/index.ts";
import type { EngineContext } from "../context.ts";
import { volumeUsers } from "./volume-users.ts";
import { toVolume } from "./volume-view.ts";

type Context = Pick<EngineContext, "store" | "containers" | "events" | "trashKeeper">;

export async function createVolume(
  context: Context,
  request: VolumeCreateRequest,
): Promise<Volume> {
  const { volumes } = context.store;
  const existed = request.Name !== undefined && request.Name !== "" && volumes.has(request.Name);
  const volume = volumes.create({
    ...(request.Name === undefined ? {} : { name: request.Name }),
    ...(request.Driver === undefined ? {} : { driver: request.Driver }),
    labels: request.Labels ?? null,
    options: request.DriverOpts ?? null,
  });
  if (!existed) publish(context, "create", volume);
  return toVolume(volume);
}

export async function listVolumes(
  context: Context,
  options: VolumeListOptions,
): Promise<VolumeList> {
  const { filters } = options;
  const onlyDangling = "dangling" in filters ? filterFlag(filters, "dangling", false) : undefined;
  const names = (filters["name"] ?? []).map(namePattern);
  const drivers = filters["driver"] ?? [];
  const users = volumeUsers(context);
  const volumes = context.store.volumes
    .list()
    .filter(
      (volume) =>
        (names.length === 0 || names.some((name) => name.test(volume.name))) &&
        (drivers.length === 0 || drivers.includes(volume.driver)) &&
        matchesLabels(filters["label"], volume.labels) &&
        (onlyDangling === undefined || !users.has(volume.name) === onlyDangling),
    );
  return {
    Volumes: volumes.map((volume) => toVolume(volume, { users: users.get(volume.name) })),
    Warnings: null,
  };
}

export async function inspectVolume(context: Context, name: string): Promise<Volume> {
  const volume = context.store.volumes.get(name);
  const snapshots = context.store.volumes.snapshots(name).length;
  return toVolume(volume, { users: volumeUsers(context).get(name), snapshots });
}

/** Moves the volume to the trash, where it is kept for a while, unless it is to be deleted now. */
export async function removeVolume(
  context: Context,
  name: string,
  options: VolumeRemoveOptions,
): Promise<void> {
  const { volumes } = context.store;
  if (!volumes.has(name) && options.force) return;
  const volume = volumes.get(name);
  const users = volumeUsers(context).get(name) ?? [];
  if (users.length > 0) {
    const ids = [...new Set(users.map(({ Id }) => Id))].join(", ");
    throw conflict(`remove ${name}: volume is in use - [${ids}]`);
  }
  if (options.now === true || !context.trashKeeper.enabled) volumes.remove(name);
  else {
    volumes.moveToTrash(name);
    void context.trashKeeper.tend();
  }
  publish(context, "destroy", volume);
}

/** Removes what no container uses: anonymous volumes, with the filter `all` named ones too. */
export async function pruneVolumes(
  context: Context,
  filters: Filters,
  { dryRun, now }: VolumePruneOptions,
): Promise<VolumePruneReport> {
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const { name } of prunable(context, filters)) {
    const size = await context.store.volumes.size(name);
    try {
      if (!dryRun) await removeVolume(context, name, { force: false, now });
    } catch (error) {
      // A container has come to use it meanwhile, or somebody reads it.
      if (error instanceof EngineError) continue;
      throw error;
    }
    deleted.push(name);
    reclaimed += size;
  }
  if (!dryRun) {
    context.events.publish({
      type: "volume",
      action: "prune",
      id: "",
      attributes: { reclaimed: String(reclaimed) },
    });
  }
  return { VolumesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

function prunable(context: Context, filters: Filters): VolumeRecord[] {
  const all = filterFlag(filters, "all", false);
  const unwanted = filters["label!"] ?? [];
  const users = volumeUsers(context);
  return context.store.volumes
    .list()
    .filter(
      (volume) =>
        volume.locked !== true &&
        !users.has(volume.name) &&
        (all || volume.anonymous) &&
        matchesLabels(filters["label"], volume.labels) &&
        (unwanted.length === 0 || !matchesLabels(unwanted, volume.labels)),
    );
}

/** Guards a volume against removal, forced ones and prunes included, or lifts the guard. Idempotent. */
export async function lockVolume(context: Context, name: string, locked: boolean): Promise<void> {
  if (!context.store.volumes.setLocked(name, locked)) return;
  publish(context, locked ? "lock" : "unlock", context.store.volumes.get(name));
}

function namePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw invalidArgument(`invalid filter 'name=${pattern}'`, error);
  }
}

function publish(
  context: Context,
  action: "create" | "destroy" | "lock" | "unlock",
  { name, driver }: VolumeRecord,
): void {
  context.events.publish({ type: "volume", action, id: name, attributes: { driver } });
}
