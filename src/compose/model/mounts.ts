import { existsSync } from "node:fs";
import type { ContainerInspect, Mount as EngineMount } from "../../spec/index.ts";
import type { FileMount, FileSource, Mount, Project, Service } from "../file/project.ts";

export interface ServiceMounts {
  binds: string[];
  mounts: EngineMount[];
}

/**
 * Volumes, bind mounts and the files of secrets and configs. Anonymous volumes of `inherit`, the container
 * that is replaced, come along.
 */
export function serviceMounts(
  project: Project,
  service: Service,
  inherit?: ContainerInspect,
): ServiceMounts {
  const targets = new Set((service.volumes ?? []).map(({ target }) => target));
  const result: ServiceMounts = { binds: [], mounts: [] };
  for (const mount of service.volumes ?? []) addMount(result, project, mount, inherit);
  for (const mount of inherit?.Mounts ?? []) {
    const { Type, Name, Destination, RW } = mount;
    if (Type !== "volume" || Name === undefined || targets.has(Destination)) continue;
    if (!isAnonymous(Name)) continue;
    result.mounts.push({ Type, Source: Name, Target: Destination, ReadOnly: !RW });
  }
  result.mounts.push(...fileMounts(project.secrets, service.secrets, "/run/secrets"));
  result.mounts.push(...fileMounts(project.configs, service.configs, ""));
  return result;
}

/** Docker names volumes that nobody named by 64 hexadecimal digits. */
const isAnonymous = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

function addMount(
  result: ServiceMounts,
  project: Project,
  mount: Mount,
  inherit: ContainerInspect | undefined,
): void {
  const { type, source, target } = mount;
  const name =
    type === "volume" && source !== undefined
      ? (project.volumes?.[source]?.name ?? source)
      : source;
  // `-v` makes a missing directory of the host, `--mount` does not; labels for SELinux are `-v`'s alone.
  if (
    type === "bind" &&
    mount.bind?.create_host_path === true &&
    mount.bind.recursive === undefined
  ) {
    result.binds.push([source ?? "", target, bindOptions(mount)].join(":"));
    return;
  }
  const before =
    type === "volume" && source === undefined
      ? inherit?.Mounts.find((old) => old.Destination === target && old.Type === "volume")?.Name
      : undefined;
  const from = name ?? before;
  result.mounts.push({
    Type: type,
    ...(from === undefined ? {} : { Source: from }),
    Target: target,
    ReadOnly: mount.read_only ?? false,
    ...(mount.consistency === undefined ? {} : { Consistency: mount.consistency }),
    ...typeOptions(mount),
  });
}

function bindOptions({ read_only, bind }: Mount): string {
  const words = [read_only === true ? "ro" : "rw"];
  if (bind?.selinux !== undefined) words.push(bind.selinux);
  if (bind?.propagation !== undefined) words.push(bind.propagation);
  return words.join(",");
}

function typeOptions(mount: Mount): Partial<EngineMount> {
  const { type, bind, volume, tmpfs, image } = mount;
  if (type === "bind") {
    return {
      BindOptions: {
        ...(bind?.propagation === undefined ? {} : { Propagation: bind.propagation }),
        ...(bind?.create_host_path === true ? { CreateMountpoint: true } : {}),
        ...RECURSION[bind?.recursive ?? "enabled"],
      },
    };
  }
  if (type === "volume") {
    return {
      VolumeOptions: {
        ...(volume?.nocopy === true ? { NoCopy: true } : {}),
        ...(volume?.labels === undefined ? {} : { Labels: volume.labels }),
        ...(volume?.subpath === undefined ? {} : { Subpath: volume.subpath }),
      },
    };
  }
  if (type === "image") {
    return image?.subpath === undefined ? {} : { ImageOptions: { Subpath: image.subpath } };
  }
  if (type !== "tmpfs") return {};
  return {
    TmpfsOptions: {
      ...(tmpfs?.size === undefined ? {} : { SizeBytes: Number(tmpfs.size) }),
      ...(tmpfs?.mode === undefined ? {} : { Mode: tmpfs.mode }),
    },
  };
}

const RECURSION: Readonly<Record<string, NonNullable<EngineMount["BindOptions"]>>> = {
  enabled: {},
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
};

/** Where a secret or a config stands in the container. */
export const fileTarget = ({ source, target }: FileMount, base: string): string =>
  target === undefined
    ? `${base}/${source}`
    : target.startsWith("/")
      ? target
      : `${base}/${target}`;

/** Files of the host are mounted; contents are written into the container before it starts. */
function fileMounts(
  sources: Record<string, FileSource> | undefined,
  wanted: readonly FileMount[] | undefined,
  base: string,
): EngineMount[] {
  return (wanted ?? []).flatMap((mount): EngineMount[] => {
    const source = sources?.[mount.source];
    if (source?.file === undefined) return [];
    if (!existsSync(source.file)) {
      throw new Error(
        `${base === "" ? "config" : "secret"} "${mount.source}": file ${source.file} does not exist`,
      );
    }
    return [{ Type: "bind", Source: source.file, Target: fileTarget(mount, base), ReadOnly: true }];
  });
}
