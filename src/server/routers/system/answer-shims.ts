import type { DiskUsage, SystemInfo } from "../../../spec/index.ts";
import { omit, type VersionShim } from "../../version-shims.ts";

/** Answers of the system as old versions had them. */
export type OldInfo = Omit<SystemInfo, "ContainerdCommit" | "RuncCommit" | "InitCommit"> & {
  [Key in "ContainerdCommit" | "RuncCommit" | "InitCommit"]: { ID: string; Expected?: string };
} & {
  BridgeNfIptables?: boolean;
  BridgeNfIp6tables?: boolean;
  KernelMemory?: boolean;
  KernelMemoryTCP?: boolean;
};

const withExpected = (commit: { ID: string }) =>
  commit.ID === "" ? commit : { ...commit, Expected: commit.ID };

export const INFO_SHIMS: readonly VersionShim<OldInfo>[] = [
  // Limits of the kernel's own memory: Berth sets none, whatever the kernel could.
  { below: 52, apply: (info) => ({ ...info, KernelMemoryTCP: false }) },
  { below: 50, apply: (info) => ({ ...info, BridgeNfIptables: false, BridgeNfIp6tables: false }) },
  {
    below: 49,
    apply: (info) => ({
      ...omit(info, new Set(["FirewallBackend"])),
      ContainerdCommit: withExpected(info.ContainerdCommit),
      RuncCommit: withExpected(info.RuncCommit),
      InitCommit: withExpected(info.InitCommit),
    }),
  },
  {
    below: 47,
    apply: (info) => {
      const none = {
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
      };
      return { ...info, RegistryConfig: { ...none, ...info.RegistryConfig } };
    },
  },
  {
    below: 44,
    apply: (info) => {
      const paths = Object.entries(info.Runtimes).map(([name, { path }]) => [name, { path }]);
      return { ...info, Runtimes: Object.fromEntries(paths) };
    },
  },
  { below: 42, apply: (info) => ({ ...info, KernelMemory: false }) },
  {
    below: 25,
    apply: (info) => ({ ...info, SecurityOptions: info.SecurityOptions.map(nameAlone) }),
  },
];

/** `name=seccomp,profile=builtin` was `seccomp`. */
const nameAlone = (option: string): string => /^name=([^,]*)/.exec(option)?.[1] ?? option;

/** Sums took the place of the lists, which come along when asked for; 1.52 has both. */
const LISTS = new Set(["LayersSize", "Images", "Containers", "Volumes", "BuildCache"]);
const HEALTH = new Set(["Health"]);
const SUMS = new Set(["ImageUsage", "ContainerUsage", "VolumeUsage", "BuildCacheUsage"]);

/** 1.52 has the lists once: in the sums, when asked for them there. */
export const NO_LISTS: readonly VersionShim<DiskUsage>[] = [
  { apply: (usage) => omit(usage, LISTS) },
];

export const DISK_USAGE_SHIMS: readonly VersionShim<DiskUsage>[] = [
  { since: 53, apply: (usage) => omit(usage, LISTS) },
  {
    below: 52,
    apply: (usage) => ({
      ...omit(usage, SUMS),
      Containers: usage.Containers?.map((container) => omit(container, HEALTH)) ?? null,
    }),
  },
  {
    below: 44,
    apply: (usage) => ({
      ...usage,
      Images: usage.Images?.map((image) => ({ ...image, VirtualSize: image.Size })) ?? null,
    }),
  },
  {
    below: 42,
    apply: (usage) => ({
      ...usage,
      BuilderSize: 0,
      BuildCache: usage.BuildCache?.map(withOneParent) ?? null,
    }),
  },
];

function withOneParent(record: NonNullable<DiskUsage["BuildCache"]>[number]) {
  const { Parents: parents, ...rest } = record;
  return { ...rest, Parent: parents?.[0] ?? "" };
}
