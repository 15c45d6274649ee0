import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import type { TreeMount } from "../../archive/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { containerFilePaths } from "./container-files.ts";

/** A container's tree as its processes see it, or would see it, for as long as it is held. */
export interface HeldTree {
  root: string;
  /** What stands in it beside the tree itself: nothing while the container runs. */
  mounts: TreeMount[];
  release(): void;
}

/**
 * Holds the tree of a container: of a running one the very tree, with its mounts; of another one the
 * overlay, to which its volumes and bind mounts are added for whoever packs or unpacks. Volumes are held
 * under a name of their own: a crash lets them go at the next start.
 */
export async function holdTree(context: EngineContext, container: Container): Promise<HeldTree> {
  if (container.alive) {
    const root = `/proc/${container.record.state.pid}/root`;
    return { root, mounts: [], release() {} };
  }
  const volumes = await holdVolumes(context, container);
  try {
    const { root, unmount } = await holdMounted(context, container);
    const release = () => {
      unmount();
      volumes.release();
    };
    return { root, mounts: volumes.mounts, release };
  } catch (error) {
    volumes.release();
    throw error;
  }
}

async function holdMounted({ store }: EngineContext, container: Container) {
  const { promise: released, resolve: unmount } = Promise.withResolvers<void>();
  const { promise: mounted, resolve, reject } = Promise.withResolvers<string>();
  store.snapshots
    .withMounted(container.id, async (root) => {
      resolve(root);
      await released;
    })
    .catch(reject);
  return { root: await mounted, unmount };
}

async function holdVolumes(context: EngineContext, container: Container) {
  const { volumes } = context.store;
  const holder = `archive-${randomUUID()}`;
  const held: string[] = [];
  const release = () => {
    for (const name of held.splice(0)) volumes.release(name, holder);
  };
  try {
    const mounts: TreeMount[] = [];
    for (const {
      type,
      name = "",
      source,
      destination,
      readWrite,
      subpath,
      createSource,
    } of container.record.mounts) {
      const shared = { target: destination, readonly: !readWrite };
      if (type === "volume" && volumes.has(name)) {
        held.push(name);
        const directory = await volumes.prepare(name, holder);
        mounts.push({
          source: directory,
          ...shared,
          ...(subpath === undefined ? {} : { subpath }),
        });
      } else if (type === "bind") {
        if (createSource) mkdirSync(source, { recursive: true, mode: 0o755 });
        if (existsSync(source)) mounts.push({ source, ...shared });
      }
    }
    return { mounts: [...mounts, ...ownFiles(context, container)].sort(byDepth), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** What the engine writes for a container; there once it has been started. */
function ownFiles({ store }: EngineContext, { id, record }: Container): TreeMount[] {
  const paths = containerFilePaths(store.snapshots.containerDirectory(id));
  const files = [
    { target: "/etc/hosts", source: paths.hosts },
    { target: "/etc/hostname", source: paths.hostname },
    { target: "/etc/resolv.conf", source: paths.resolvConf },
  ];
  const own = (target: string) => record.mounts.some(({ destination }) => destination === target);
  return files.filter(({ source, target }) => existsSync(source) && !own(target));
}

/** What is mounted below something else comes after it. */
const byDepth = (a: TreeMount, b: TreeMount): number =>
  a.target.split("/").length - b.target.split("/").length;
