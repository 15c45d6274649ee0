import { packTree, statPath, unpackTar } from "../../archive/index.ts";
import {
  type ContainerArchivePutOptions,
  type ContainerPathStat,
  EngineError,
  errorKind,
  type FilesystemChange,
  invalidArgument,
  notFound,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

/** Bit of Go's os.FileMode that says directory. */
const GO_DIRECTORY = 0x80000000;

/** What `docker diff` shows; null when nothing has changed. */
export async function containerChanges(
  context: EngineContext,
  ref: string,
): Promise<FilesystemChange[] | null> {
  const changes = await context.store.snapshots.changes(context.containers.get(ref).id);
  return changes.length === 0 ? null : changes;
}

export async function statContainerPath(
  context: EngineContext,
  ref: string,
  path: string,
): Promise<ContainerPathStat> {
  const container = context.containers.get(ref);
  const tree = await holdTree(context, container);
  try {
    return await statIn(tree.root, path, ref);
  } finally {
    tree.release();
  }
}

/** A path of a container as a tar stream whose top entry has the path's own name. */
export async function getContainerArchive(
  context: EngineContext,
  ref: string,
  path: string,
  signal: AbortSignal,
): Promise<{ stat: ContainerPathStat; tar: AsyncIterable<Uint8Array> }> {
  const tree = await holdTree(context, context.containers.get(ref));
  try {
    const stat = await statIn(tree.root, path, ref);
    const tar = packTree(tree.root, { path, rename: stat.name, signal });
    return { stat, tar: releasing(tar, tree.release) };
  } catch (error) {
    tree.release();
    throw error;
  }
}

/** Unpacks a tar stream into a directory of a container. */
export async function putContainerArchive(
  context: EngineContext,
  ref: string,
  path: string,
  options: ContainerArchivePutOptions,
  tar: AsyncIterable<Uint8Array>,
): Promise<void> {
  const container = context.containers.get(ref);
  if (container.record.hostConfig.ReadonlyRootfs && !isInWritableMount(container, path)) {
    throw new EngineError("permission-denied", "container rootfs is marked read-only");
  }
  const tree = await holdTree(context, container);
  try {
    const stat = await statIn(tree.root, path, ref);
    if (stat.mode < GO_DIRECTORY) throw invalidArgument("extraction point is not a directory");
    await unpackTar(tar, tree.root, {
      mode: "plain",
      path,
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
    });
  } finally {
    tree.release();
  }
}

function isInWritableMount(container: Container, path: string): boolean {
  return container.record.mounts.some(
    (mount) =>
      mount.readWrite && (path === mount.destination || path.startsWith(`${mount.destination}/`)),
  );
}

async function statIn(root: string, path: string, ref: string): Promise<ContainerPathStat> {
  try {
    return await statPath(root, path);
  } catch (error) {
    if (errorKind(error) !== "not-found") throw error;
    throw notFound(`Could not find the file ${path} in container ${ref}`, error);
  }
}

interface HeldTree {
  root: string;
  release(): void;
}

/** A container's tree, with its mounts while it runs, for as long as it is held. */
async function holdTree(context: EngineContext, container: Container): Promise<HeldTree> {
  if (container.alive) {
    return { root: `/proc/${container.record.state.pid}/root`, release() {} };
  }
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: mounted, resolve, reject } = Promise.withResolvers<string>();
  context.store.snapshots
    .withMounted(container.id, async (root) => {
      resolve(root);
      await released;
    })
    .catch(reject);
  return { root: await mounted, release };
}

async function* releasing(
  source: AsyncIterable<Uint8Array>,
  release: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } finally {
    release();
  }
}
