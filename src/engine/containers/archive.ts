import { packTree, statPath, unpackTar } from "../../archive/index.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import { resolveContainerUser } from "../../runtime/index.ts";
import {
  type ContainerArchivePutOptions,
  type ContainerPathStat,
  EngineError,
  errorKind,
  errorMessage,
  type FilesystemChange,
  invalidArgument,
  notFound,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { type HeldTree, holdTree } from "./archive-tree.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";

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
  const tree = await holdTree(context, context.containers.get(ref));
  try {
    return (await locate(tree, path, ref)).stat;
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
  const container = context.containers.get(ref);
  const tree = await holdTree(context, container);
  try {
    const { stat } = await locate(tree, path, ref);
    const rename = topName(path, stat.name);
    signal.addEventListener("abort", tree.release, { once: true });
    publishContainerEvent(context, container, "archive-path");
    const tar = packTree(tree.root, { path, rename, mounts: tree.mounts, signal });
    return { stat, tar: releasing(tar, tree.release) };
  } catch (error) {
    tree.release();
    throw error;
  }
}

/** A path that ends in `/.` asks for what is in the directory: its members stand below `.`. */
export const topName = (path: string, name: string): string =>
  /(?:^|\/)\.$/.test(path) ? "." : name;

/** Unpacks a tar stream into a directory of a container. */
export async function putContainerArchive(
  context: EngineContext,
  ref: string,
  path: string,
  options: ContainerArchivePutOptions,
  tar: AsyncIterable<Uint8Array>,
): Promise<void> {
  const container = context.containers.get(ref);
  const tree = await holdTree(context, container);
  try {
    const { stat, realPath } = await locate(tree, path, ref);
    refuseNonDirectory(stat);
    refuseReadOnly(container, realPath);
    const owner = options.copyUidGid ? userOf(container, tree) : undefined;
    await unpackTar(tar, tree.root, {
      mode: "plain",
      unhashed: true,
      path,
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
      mounts: tree.mounts,
      ...(owner === undefined ? {} : { owner }),
    });
    publishContainerEvent(context, container, "extract-to-dir");
  } finally {
    tree.release();
  }
}

export function refuseNonDirectory({ mode }: ContainerPathStat): void {
  if (mode < GO_DIRECTORY) throw invalidArgument("extraction point is not a directory");
}

/** `docker cp -a`: what is copied belongs to the container's user, if it has one. */
export function userOf({ record }: Container, { root }: HeldTree) {
  return record.config.User === "" ? undefined : resolveContainerUser(root, record.config.User);
}

/** The deepest mount above the path decides; below none it is the container's own file system. */
export function refuseReadOnly({ record }: Container, path: string): void {
  const { mounts, hostConfig } = record;
  const within = (destination: string) =>
    path === destination || destination === "/" || path.startsWith(`${destination}/`);
  const tmpfs = Object.keys(hostConfig.Tmpfs ?? {}).map((destination) => ({
    destination,
    readWrite: true,
  }));
  const [mount] = [...mounts, ...tmpfs]
    .filter(({ destination }) => within(destination))
    .sort((a, b) => b.destination.length - a.destination.length);
  if (mount?.readWrite === false) {
    throw new EngineError("permission-denied", "mounted volume is marked read-only");
  }
  if (mount === undefined && hostConfig.ReadonlyRootfs) {
    throw new EngineError("permission-denied", "container rootfs is marked read-only");
  }
}

export async function locate(
  { root, mounts }: HeldTree,
  path: string,
  ref: string,
): Promise<{ stat: ContainerPathStat; realPath: string }> {
  try {
    const { realPath, ...stat } = await statPath(root, path, mounts);
    return { stat, realPath };
  } catch (error) {
    if (isErrno(error, Errno.ENAMETOOLONG, Errno.ENOTDIR, Errno.ELOOP)) {
      throw invalidArgument(errorMessage(error), error);
    }
    if (errorKind(error) !== "not-found") throw error;
    throw notFound(`Could not find the file ${path} in container ${ref}`, error);
  }
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
