import { randomBytes } from "node:crypto";
import {
  conflict,
  EngineError,
  errorKind,
  errorMessage,
  type Volume,
  type VolumeUser,
} from "../../../spec/index.ts";
import type { VolumeRecord } from "../../../store/index.ts";
import type { ContainerRecord, MountRecord } from "../../containers/container-record.ts";
import type { WantedMount } from "../../containers/mounts/parse-mounts.ts";
import type { EngineContext } from "../../context.ts";
import { toVolume } from "../volume-view.ts";
import type { PluginVolume } from "./volume-plugins.ts";

type Context = Pick<EngineContext, "store" | "volumePlugins">;

export const isPlugin = (driver: string | undefined): driver is string =>
  driver !== undefined && driver !== "" && driver !== "local";

interface Wanted {
  name?: string | undefined;
  driver: string;
  labels?: Record<string, string> | null | undefined;
  options?: Record<string, string> | null | undefined;
}

/** Makes a volume at its plugin, unless that has it already. */
export async function createAtPlugin(context: Context, wanted: Wanted): Promise<VolumeRecord> {
  const { store, volumePlugins } = context;
  const { driver, labels, options } = wanted;
  const anonymous = wanted.name === undefined || wanted.name === "";
  const name = anonymous ? randomBytes(32).toString("hex") : (wanted.name ?? "");
  const known = store.volumes.has(name) ? store.volumes.get(name) : undefined;
  try {
    if (known !== undefined && known.driver !== driver) {
      throw conflict(
        `driver '${known.driver}' already has volume '${name}': volume name must be unique`,
      );
    }
    await volumePlugins.scope(driver);
    if ((await volumePlugins.find(driver, name)) === undefined) {
      await volumePlugins.create(driver, name, options ?? {});
    }
  } catch (error) {
    throw new EngineError(errorKind(error), `create ${name}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  const made = { name, driver, labels: labels ?? {}, options: options ?? {}, anonymous };
  return known ?? store.volumes.addForeign(made);
}

/**
 * Makes what plugins keep before a container's record names it: the volumes that name a plugin, and those
 * of a name that only a plugin knows. Gives the mounts with their names.
 */
export async function createPluginVolumes(
  context: Context,
  wanted: readonly WantedMount[],
): Promise<WantedMount[]> {
  const made: WantedMount[] = [];
  for (const mount of wanted) {
    const { type, name, volume } = mount;
    if (type === "volume" && isPlugin(volume?.driver)) {
      const { driver, labels, options } = volume;
      made.push({
        ...mount,
        name: (await createAtPlugin(context, { name, driver, labels, options })).name,
      });
      continue;
    }
    if (type === "volume" && name !== undefined) await adoptFromPlugin(context, name);
    made.push(mount);
  }
  return made;
}

/** A volume that this engine has not made, and a plugin knows. True if there is one. */
export async function adoptFromPlugin(context: Context, name: string): Promise<boolean> {
  const { store, volumePlugins } = context;
  if (store.volumes.has(name)) return true;
  for (const driver of volumePlugins.names()) {
    if ((await volumePlugins.find(driver, name)) === undefined) continue;
    store.volumes.addForeign({ name, driver, labels: {}, options: {}, anonymous: false });
    return true;
  }
  return false;
}

/** Locked volumes stay. Docker lets no prune touch what a plugin keeps, and neither is there a trash. */
export async function removeAtPlugin(context: Context, volume: VolumeRecord): Promise<void> {
  const { name, driver, locked } = volume;
  if (locked !== true) {
    try {
      await context.volumePlugins.remove(driver, name);
    } catch (error) {
      throw new EngineError(errorKind(error), `remove ${name}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }
  context.store.volumes.remove(name);
}

/** What `inspect` shows of a plugin's volume. */
export async function viewFromPlugin(
  context: Context,
  record: VolumeRecord,
  users: readonly VolumeUser[] | undefined,
): Promise<Volume> {
  const { volumePlugins } = context;
  const found = await volumePlugins.get(record.driver, record.name);
  return merge(record, found, await volumePlugins.scope(record.driver), users);
}

/** The volumes of all plugins, also those that others have made; what a plugin fails to say is a warning. */
export async function listFromPlugins(
  context: Context,
  users: ReadonlyMap<string, VolumeUser[]>,
): Promise<{ volumes: Volume[]; warnings: string[] }> {
  const { store, volumePlugins } = context;
  const records = store.volumes.list().filter(({ driver }) => isPlugin(driver));
  const names = new Set([...volumePlugins.names(), ...records.map(({ driver }) => driver)]);
  const warnings: string[] = [];
  const lists = await Promise.all(
    [...names].map(async (driver) => {
      const own = records.filter((record) => record.driver === driver);
      try {
        const { volumes, scope } = await volumePlugins.list(driver);
        return volumes.map((found) => {
          const record = own.find(({ name }) => name === found.Name) ?? foreign(driver, found.Name);
          return merge(record, found, scope, users.get(found.Name));
        });
      } catch (error) {
        if (own.length === 0) return [];
        warnings.push(`Cannot list the volumes of plugin "${driver}": ${errorMessage(error)}`);
        return own.map((record) => toVolume(record, { users: users.get(record.name) }));
      }
    }),
  );
  return { volumes: lists.flat(), warnings };
}

const foreign = (driver: string, name: string): VolumeRecord => ({
  name,
  driver,
  mountpoint: "",
  createdAt: "",
  labels: {},
  options: {},
  anonymous: false,
});

function merge(
  record: VolumeRecord,
  found: PluginVolume,
  Scope: "local" | "global",
  users: readonly VolumeUser[] | undefined,
): Volume {
  const { CreatedAt: _, Status, ...own } = toVolume(record, { users });
  const status = { ...found.Status, ...Status };
  return {
    ...own,
    ...(found.CreatedAt ? { CreatedAt: found.CreatedAt } : {}),
    ...(Object.keys(status).length === 0 ? {} : { Status: status }),
    Mountpoint: found.Mountpoint || record.mountpoint,
    Scope,
  };
}

/** A container, or who looks into one that does not run. */
type PluginUser = Pick<ContainerRecord, "mounts"> & { id: string };

const pluginMounts = (record: PluginUser): (MountRecord & { name: string; driver: string })[] =>
  record.mounts.flatMap((mount) =>
    mount.type === "volume" && mount.name !== undefined && isPlugin(mount.driver)
      ? [{ ...mount, name: mount.name, driver: mount.driver }]
      : [],
  );

/** Asks the plugins for a container's volumes. */
export async function mountPluginVolumes(
  { store, volumePlugins }: Context,
  record: PluginUser,
): Promise<void> {
  for (const { name, driver } of pluginMounts(record)) {
    try {
      const path = await volumePlugins.mount({ driver, volume: name, holder: record.id });
      store.volumes.setMountpoint(name, path);
    } catch (error) {
      throw new EngineError(
        "internal",
        `error while mounting volume '': ${errorMessage(error)} (volume "${name}" of plugin "${driver}")`,
        { cause: error },
      );
    }
  }
}

export async function unmountPluginVolumes(
  { volumePlugins }: Context,
  record: PluginUser,
): Promise<void> {
  for (const { name, driver } of pluginMounts(record)) {
    await volumePlugins.unmount({ driver, volume: name, holder: record.id });
  }
}

/** What a crash has left mounted for containers that do not run; in the background, plugins may be slow. */
export function unmountForgotten(
  { volumePlugins, log }: Context & Pick<EngineContext, "log">,
  running: ReadonlySet<string>,
): void {
  for (const mount of volumePlugins.mounts()) {
    if (running.has(mount.holder)) continue;
    volumePlugins.unmount(mount).catch((error) => {
      const { volume, driver } = mount;
      log.warn("Cannot unmount a plugin's volume", { volume, driver, error: errorMessage(error) });
    });
  }
}
