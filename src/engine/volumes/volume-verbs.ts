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
import {
  adoptFromPlugin,
  createAtPlugin,
  isPlugin,
  listFromPlugins,
  removeAtPlugin,
  viewFromPlugin,
} from "./plugins/plugin-verbs.ts";
import { volumeUsers } from "./volume-users.ts";
import { toVolume } from "./volume-view.ts";

type Context = Pick<
  EngineContext,
  "store" | "containers" | "events" | "trashKeeper" | "volumePlugins"
>;

export async function createVolume(
  context: Context,
  request: VolumeCreateRequest,
): Promise<Volume> {
  const { volumes } = context.store;
  const existed = request.Name !== undefined && request.Name !== "" && volumes.has(request.Name);
  if (isPlugin(request.Driver)) {
    const { Name: name, Driver: driver, Labels: labels, DriverOpts: options } = request;
    const made = await createAtPlugin(context, { name, driver, labels, options });
    if (!existed) publish(context, "create", made);
    return await viewFromPlugin(context, made, undefined);
  }
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
  const foreign = await listFromPlugins(context, users);
  const own = context.store.volumes
    .list()
    .filter(({ driver }) => !isPlugin(driver))
    .map((volume) => toVolume(volume, { users: users.get(volume.name) }));
  const volumes = [...own, ...foreign.volumes].filter(
    (volume) =>
      (names.length === 0 || names.some((name) => name.test(volume.Name))) &&
      (drivers.length === 0 || drivers.includes(volume.Driver)) &&
      matchesLabels(filters["label"], volume.Labels ?? {}) &&
      (onlyDangling === undefined || !users.has(volume.Name) === onlyDangling),
  );
  return { Volumes: volumes, Warnings: foreign.warnings.length === 0 ? null : foreign.warnings };
}

export async function inspectVolume(context: Context, name: string): Promise<Volume> {
  await adoptFromPlugin(context, name);
  const volume = context.store.volumes.get(name);
  const users = volumeUsers(context).get(name);
  if (isPlugin(volume.driver)) return await viewFromPlugin(context, volume, users);
  return toVolume(volume, { users, snapshots: context.store.volumes.snapshots(name).length });
}

/** Moves the volume to the trash, where it is kept for a while, unless it is to be deleted now. */
export async function removeVolume(
  context: Context,
  name: string,
  options: VolumeRemoveOptions,
): Promise<void> {
  const { volumes } = context.store;
  if (!(await adoptFromPlugin(context, name)) && options.force) return;
  const volume = volumes.get(name);
  const users = volumeUsers(context).get(name) ?? [];
  if (users.length > 0) {
    const ids = [...new Set(users.map(({ Id }) => Id))].join(", ");
    throw conflict(`remove ${name}: volume is in use - [${ids}]`);
  }
  if (isPlugin(volume.driver)) await removeAtPlugin(context, volume);
  else if (options.now === true || !context.trashKeeper.enabled) volumes.remove(name);
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
        !isPlugin(volume.driver) &&
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
