import {
  conflict,
  EngineError,
  errorKind,
  type Filters,
  filterFlag,
  invalidArgument,
  matchesLabels,
  type Volume,
  type VolumeCreateRequest,
  type VolumeList,
  type VolumeListOptions,
  type VolumePruneReport,
  type VolumeRemoveOptions,
} from "../../spec/index.ts";
import type { VolumeRecord } from "../../store/index.ts";
import type { EngineContext } from "../context.ts";

type Context = Pick<EngineContext, "store" | "containers" | "events">;

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
  if (!existed) publish(context, "create", volume.name);
  return toVolume(volume);
}

export async function listVolumes(
  context: Context,
  options: VolumeListOptions,
): Promise<VolumeList> {
  const { filters } = options;
  const onlyDangling = "dangling" in filters ? filterFlag(filters, "dangling", false) : undefined;
  const volumes = context.store.volumes.list().filter((volume) => {
    const names = filters["name"] ?? [];
    const drivers = filters["driver"] ?? [];
    return (
      (names.length === 0 || names.some((name) => matchesName(volume.name, name))) &&
      (drivers.length === 0 || drivers.includes(volume.driver)) &&
      matchesLabels(filters["label"], volume.labels) &&
      (onlyDangling === undefined || isDangling(context, volume) === onlyDangling)
    );
  });
  return { Volumes: volumes.map(toVolume), Warnings: null };
}

export async function inspectVolume(context: Context, name: string): Promise<Volume> {
  return toVolume(context.store.volumes.get(name));
}

export async function removeVolume(
  context: Context,
  name: string,
  options: VolumeRemoveOptions,
): Promise<void> {
  const users = context.containers.usersOfVolume(name);
  if (users.length > 0 && context.store.volumes.has(name)) {
    const ids = users.map((container) => container.id).join(", ");
    throw conflict(`remove ${name}: volume is in use - [${ids}]`);
  }
  try {
    context.store.volumes.remove(name);
  } catch (error) {
    if (options.force && errorKind(error) === "not-found") return;
    throw error;
  }
  publish(context, "destroy", name);
}

/** Removes what no container uses: anonymous volumes, with the filter `all` named ones too. */
export async function pruneVolumes(context: Context, filters: Filters): Promise<VolumePruneReport> {
  const all = filterFlag(filters, "all", false);
  const unwanted = filters["label!"] ?? [];
  const doomed = context.store.volumes
    .list()
    .filter(
      (volume) =>
        isDangling(context, volume) &&
        (all || volume.anonymous) &&
        matchesLabels(filters["label"], volume.labels) &&
        (unwanted.length === 0 || !matchesLabels(unwanted, volume.labels)),
    );
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const volume of doomed) {
    const size = await context.store.volumes.size(volume.name);
    try {
      await removeVolume(context, volume.name, { force: false });
    } catch (error) {
      // A container has come to use it meanwhile.
      if (error instanceof EngineError) continue;
      throw error;
    }
    deleted.push(volume.name);
    reclaimed += size;
  }
  context.events.publish({
    type: "volume",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(reclaimed) },
  });
  return { VolumesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

export function toVolume(record: VolumeRecord): Volume {
  const labels = { ...record.labels };
  if (record.anonymous) labels["com.docker.volume.anonymous"] = "";
  return {
    Name: record.name,
    Driver: record.driver,
    Mountpoint: record.mountpoint,
    CreatedAt: record.createdAt,
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Scope: "local",
    Options: Object.keys(record.options).length === 0 ? null : { ...record.options },
  };
}

function isDangling(context: Context, volume: VolumeRecord): boolean {
  return context.containers.usersOfVolume(volume.name).length === 0;
}

function matchesName(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch (error) {
    throw invalidArgument(`invalid filter 'name=${pattern}'`, error);
  }
}

function publish(context: Context, action: "create" | "destroy", name: string): void {
  context.events.publish({ type: "volume", action, id: name, attributes: { driver: "local" } });
}
