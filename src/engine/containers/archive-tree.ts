import { randomUUID } from "node:crypto";
import { constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import type { TreeMount } from "../../archive/index.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import { close, open } from "../../linux/file.ts";
import { conflict, errorMessage } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { mountPluginVolumes, unmountPluginVolumes } from "../volumes/plugins/plugin-verbs.ts";
import type { Container } from "./container.ts";
import { containerFilePaths } from "./container-files.ts";
import { imageMountLayers } from "./mounts/resolve-mounts.ts";

const O_PATH = 0o10000000;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

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
  if (container.alive) return holdRunning(container);
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

/**
 * The root of the container's first process. Between its end and the news of it another process, one of
 * the host, may get its number: its directory in /proc, once open, stands for that one process.
 */
function holdRunning({ record }: Container): HeldTree {
  const { id, state } = record;
  const held: number[] = [];
  const hold = (path: string, flags: number) => {
    const fd = open(path, flags);
    held.push(fd);
    return fd;
  };
  const release = () => {
    for (const fd of held.splice(0)) close(fd);
  };
  try {
    const owner = `/proc/self/fd/${hold(`/proc/${state.pid}`, DIRECTORY)}`;
    if (!readFileSync(`${owner}/cgroup`, "latin1").includes(id)) throw hasEnded(id);
    const root = hold(`${owner}/root`, O_PATH | DIRECTORY);
    return { root: `/proc/${process.pid}/fd/${root}`, mounts: [], release };
  } catch (error) {
    release();
    throw isErrno(error, Errno.ENOENT, Errno.ESRCH) || isMissing(error) ? hasEnded(id) : error;
  }
}

const isMissing = (error: unknown): boolean =>
  ["ENOENT", "ESRCH"].includes(String((error as { code?: unknown }).code));

const hasEnded = (id: string) => conflict(`Cannot look into container "${id}": it has just ended`);

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
  const plugged = { mounts: container.record.mounts, id: holder };
  const release = () => {
    for (const name of held.splice(0)) volumes.release(name, holder);
    unmountPluginVolumes(context, plugged).catch((error) =>
      context.log.warn("Cannot unmount a plugin's volume", { error: errorMessage(error) }),
    );
  };
  try {
    await mountPluginVolumes(context, plugged);
    const mounts: TreeMount[] = [];
    for (const mount of container.record.mounts) {
      const { type, name = "", source, destination, readWrite, subpath, createSource } = mount;
      const shared = {
        target: destination,
        readonly: !readWrite,
        ...(subpath === undefined ? {} : { subpath }),
      };
      if (type === "volume" && volumes.has(name)) {
        held.push(name);
        mounts.push({ source: await volumes.prepare(name, holder), ...shared });
      } else if (type === "bind") {
        if (createSource) mkdirSync(source, { recursive: true, mode: 0o755 });
        if (existsSync(source)) mounts.push({ source, ...shared });
      } else if (type === "image") {
        const layers = imageMountLayers(context, mount);
        if (layers[0] !== undefined) mounts.push({ source: layers[0], layers, ...shared });
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
