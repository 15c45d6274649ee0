import { existsSync } from "node:fs";
import type { ContainerConfig, HostConfig } from "../../../spec/index.ts";
import { cleanPath, EngineError, errorMessage, invalidArgument } from "../../../spec/index.ts";
import type { MountRecord } from "../container-record.ts";
import type { ContainerRegistry } from "../container-registry.ts";
import {
  anonymousVolume,
  checkTarget,
  parseBind,
  parseMount,
  parseVolumesFrom,
  type WantedMount,
} from "./parse-mounts.ts";

/**
 * Decides what a new container mounts where: other containers' volumes first, then the user's binds and
 * mounts, then the volumes that its configuration declares where nothing else stands. Makes nothing.
 */
export function planMounts(
  config: Pick<ContainerConfig, "Volumes">,
  hostConfig: Pick<HostConfig, "Binds" | "Mounts" | "Tmpfs" | "VolumesFrom" | "VolumeDriver">,
  containers: Pick<ContainerRegistry, "get">,
): WantedMount[] {
  const planned = new Map<string, WantedMount>();
  for (const text of hostConfig.VolumesFrom ?? []) {
    for (const mount of mountsFrom(text, containers)) planned.set(mount.destination, mount);
  }
  const wanted = [
    ...(hostConfig.Binds ?? []).map((text) => parseBind(text, hostConfig.VolumeDriver)),
    ...(hostConfig.Mounts ?? []).map((mount) => parseMount(mount, existsSync)),
  ];
  for (const target of Object.keys(hostConfig.Tmpfs ?? {})) checkTarget(target);
  const taken = new Set(Object.keys(hostConfig.Tmpfs ?? {}).map(cleanPath));
  for (const mount of wanted) {
    if (taken.has(mount.destination)) {
      throw invalidArgument(`Duplicate mount point: ${mount.destination}`);
    }
    taken.add(mount.destination);
    planned.set(mount.destination, mount);
  }
  for (const target of Object.keys(config.Volumes ?? {})) {
    const mount = anonymousVolume(target, hostConfig.VolumeDriver);
    if (!planned.has(mount.destination) && !taken.has(mount.destination)) {
      planned.set(mount.destination, mount);
    }
  }
  return [...planned.values()];
}

function mountsFrom(text: string, containers: Pick<ContainerRegistry, "get">): MountRecord[] {
  const { container: ref, readWrite } = parseVolumesFrom(text);
  try {
    return containers.get(ref).record.mounts.map((mount) => ({
      ...mount,
      readWrite: mount.readWrite && readWrite,
      copyUp: false,
    }));
  } catch (error) {
    throw error instanceof EngineError ? invalidArgument(errorMessage(error), error) : error;
  }
}
