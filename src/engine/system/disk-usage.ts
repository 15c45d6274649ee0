import type { BuildCacheRecord, DiskUsage, DiskUsageOptions } from "../../spec/index.ts";
import { listContainers } from "../containers/list.ts";
import type { EngineContext } from "../context.ts";
import { isPlugin } from "../volumes/plugins/plugin-verbs.ts";
import { volumeUsers } from "../volumes/volume-users.ts";
import { toVolume } from "../volumes/volume-view.ts";
import { usageSums } from "./usage-sums.ts";

/** What `docker system df` adds up; types that were not asked for are null. */
export async function diskUsage(
  context: EngineContext,
  { types, verbose }: DiskUsageOptions,
  buildCache: () => Promise<BuildCacheRecord[]>,
): Promise<DiskUsage> {
  const { store } = context;
  const [images, containers, volumes] = await Promise.all([
    types.has("image") ? imageUsage(context) : null,
    types.has("container") ? listContainers(context, { all: true, size: true, filters: {} }) : null,
    types.has("volume") ? volumeUsage(context) : null,
  ]);
  const lists = {
    ...(types.has("image")
      ? { LayersSize: store.snapshots.layers().reduce((sum, layer) => sum + layer.size, 0) }
      : {}),
    Images: images,
    Containers: containers,
    Volumes: volumes,
    BuildCache: types.has("build-cache") ? await buildCache() : null,
  };
  return usageSums(lists, verbose);
}

async function imageUsage(context: EngineContext) {
  const images = await context.images.list({
    all: true,
    sharedSize: true,
    digests: false,
    manifests: false,
    filters: {},
  });
  const uses = new Map<string, number>();
  for (const { record } of context.containers.all()) {
    uses.set(record.imageId, (uses.get(record.imageId) ?? 0) + 1);
  }
  return images.map((image) => ({ ...image, Containers: uses.get(image.Id) ?? 0 }));
}

async function volumeUsage(context: EngineContext) {
  const users = volumeUsers(context);
  return Promise.all(
    ownVolumes(context).map(async (record) => ({
      ...toVolume(record),
      UsageData: {
        Size: await context.store.volumes.size(record.name),
        RefCount: new Set(users.get(record.name)?.map(({ Id }) => Id)).size,
      },
    })),
  );
}

/** What plugins keep takes no space here. */
const ownVolumes = ({ store }: EngineContext) =>
  store.volumes.list().filter(({ driver }) => !isPlugin(driver));
