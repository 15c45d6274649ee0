import { lstatSync, mkdirSync } from "node:fs";
import type { ResolvedMount } from "../../../runtime/index.ts";
import {
  cleanPath,
  errorMessage,
  type ImageId,
  internal,
  invalidArgument,
  notFound,
} from "../../../spec/index.ts";
import type { EngineContext } from "../../context.ts";
import type { Container } from "../container.ts";
import type { MountRecord } from "../container-record.ts";
import { type HeldPlaces, ownerAsRoot } from "./held-places.ts";
import { isPropagation } from "./mount-mode.ts";

/** Files that the engine writes for a container, by their place in it. */
export type ContainerFiles = Readonly<Record<string, string>>;

/**
 * Makes every mount of a container ready for the runtime: volumes are held for it, missing sources of
 * `-v` are made, sub-paths and images stand where `held` keeps them. Parents stand before what is mounted below them.
 */
export function resolveMounts(
  context: Pick<EngineContext, "store">,
  container: Container,
  files: ContainerFiles,
  held: HeldPlaces,
): ResolvedMount[] {
  const { mounts, hostConfig } = container.record;
  const byDestination = new Map<string, ResolvedMount>();
  for (const [destination, source] of Object.entries(files)) {
    byDestination.set(destination, { type: "bind", source, destination, readOnly: false });
  }
  for (const [target, options] of Object.entries(hostConfig.Tmpfs ?? {})) {
    byDestination.set(cleanPath(target), {
      type: "tmpfs",
      destination: cleanPath(target),
      options: options === "" ? [] : options.split(","),
    });
  }
  for (const mount of mounts) {
    byDestination.set(mount.destination, resolveMount(context, container, mount, held));
  }
  const depth = (mount: ResolvedMount) => mount.destination.split("/").length;
  return [...byDestination.values()].sort((a, b) => depth(a) - depth(b));
}

function resolveMount(
  context: Pick<EngineContext, "store">,
  container: Container,
  mount: MountRecord,
  held: HeldPlaces,
): ResolvedMount {
  const { destination, readWrite } = mount;
  if (mount.type === "tmpfs") {
    return { type: "tmpfs", destination, readOnly: !readWrite, options: mount.tmpfsOptions ?? [] };
  }
  const source = mountSource(context, container, mount, held);
  const idmap = mount.idmap === "owner" ? ownerAsRoot(source) : mount.idmap;
  return {
    type: "bind",
    source,
    destination,
    readOnly: !readWrite || isReadOnlyVolume(context, mount),
    ...(idmap === undefined ? {} : { idmap }),
    recursive: mount.nonRecursive !== true,
    ...(isPropagation(mount.propagation) ? { propagation: mount.propagation } : {}),
    ...(mount.recursiveReadOnly === undefined
      ? {}
      : { recursiveReadOnly: mount.recursiveReadOnly }),
  };
}

/** Mounted `ro` by its own options: a runtime would make the bind mount of it writable again. */
function isReadOnlyVolume({ store }: Pick<EngineContext, "store">, mount: MountRecord): boolean {
  if (mount.type !== "volume" || mount.name === undefined) return false;
  return (store.volumes.get(mount.name).options["o"] ?? "").split(",").includes("ro");
}

function mountSource(
  context: Pick<EngineContext, "store">,
  container: Container,
  mount: MountRecord,
  held: HeldPlaces,
): string {
  if (mount.type === "bind") return bindSource(mount);
  const root =
    mount.type === "image"
      ? held.image(imageMountLayers(context, mount))
      : context.store.volumes.acquire(mount.name ?? "", container.id);
  return mount.subpath === undefined ? root : held.subpath(root, mount.subpath);
}

/** The directories of an image mount's layers, topmost first. */
export function imageMountLayers(
  { store }: Pick<EngineContext, "store">,
  mount: MountRecord,
): string[] {
  const image = store.images.get(mount.name as ImageId);
  if (image === undefined) throw notFound(`No such image: ${mount.source}`);
  return image.layers.map(({ chainId }) => store.snapshots.layerDirectory(chainId)).reverse();
}

function bindSource(mount: MountRecord): string {
  try {
    lstatSync(mount.source);
    return mount.source;
  } catch (error) {
    if (!mount.createSource) {
      throw invalidArgument(
        `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
        error,
      );
    }
  }
  try {
    mkdirSync(mount.source, { recursive: true, mode: 0o755 });
    return mount.source;
  } catch (error) {
    throw internal(
      `error while creating mount source path '${mount.source}': ${mkdirProblem(error)}`,
      error,
    );
  }
}

/** As Go says it: `mkdir /a/b: not a directory`. */
function mkdirProblem(error: unknown): string {
  const { code, path } = error as { code?: string; path?: string };
  const text = code === "ENAMETOOLONG" ? "file name too long" : undefined;
  const plain = text ?? /^\w+: ([^,]+), mkdir/.exec(errorMessage(error))?.[1];
  return plain === undefined ? errorMessage(error) : `mkdir ${path}: ${plain}`;
}
