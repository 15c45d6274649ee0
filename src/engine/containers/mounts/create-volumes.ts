import type { EngineContext } from "../../context.ts";
import { mountPluginVolumes, unmountPluginVolumes } from "../../volumes/plugins/plugin-verbs.ts";
import type { ContainerRecord, MountRecord } from "../container-record.ts";
import type { WantedMount } from "./parse-mounts.ts";

/** Makes the volumes that do not exist yet and fills their names and places in. */
export function createVolumes(
  context: Pick<EngineContext, "store" | "events">,
  wanted: readonly WantedMount[],
): MountRecord[] {
  return wanted.map(({ volume, ...mount }) => {
    if (mount.type !== "volume") return mount;
    const existed = mount.name !== undefined && context.store.volumes.has(mount.name);
    const created = context.store.volumes.create({
      ...(mount.name === undefined ? {} : { name: mount.name }),
      ...(volume?.driver === undefined ? {} : { driver: volume.driver }),
      ...(volume?.labels === undefined ? {} : { labels: volume.labels }),
      ...(volume?.options === undefined ? {} : { options: volume.options }),
    });
    if (!existed) {
      context.events.publish({
        type: "volume",
        action: "create",
        id: created.name,
        attributes: { driver: created.driver },
      });
    }
    return {
      ...mount,
      name: created.name,
      driver: created.driver,
      source: created.mountpoint,
      // Docker marks named volumes as shareable between labels.
      mode: mount.mode === "" && !mount.anonymous ? "z" : mount.mode,
    };
  });
}

/** Copies the image's content into the container's empty volumes. */
export async function fillVolumes(
  context: Pick<EngineContext, "store" | "volumePlugins">,
  record: ContainerRecord,
): Promise<void> {
  const empty = record.mounts.filter((mount) => mount.type === "volume" && mount.copyUp);
  if (empty.length === 0) return;
  const { snapshots, volumes } = context.store;
  await snapshots.withMounted(record.id, async (rootfs) => {
    try {
      await mountPluginVolumes(context, record);
      for (const mount of empty) {
        const name = mount.name ?? "";
        await volumes.prepare(name, record.id);
        try {
          await volumes.copyUp(name, rootfs, mount.destination);
        } finally {
          volumes.release(name, record.id);
        }
      }
    } finally {
      await unmountPluginVolumes(context, record);
    }
  });
}

/** Mounts what a server, a disk or a plugin may take long for, before others have to wait for it. */
export async function prepareVolumes(
  context: Pick<EngineContext, "store" | "volumePlugins">,
  record: ContainerRecord,
): Promise<void> {
  await mountPluginVolumes(context, record);
  const { store } = context;
  const { id, mounts } = record;
  for (const { type, name } of mounts) {
    if (type === "volume" && name !== undefined && store.volumes.has(name)) {
      await store.volumes.prepare(name, id);
    }
  }
}
