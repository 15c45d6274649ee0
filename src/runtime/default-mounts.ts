import type { HostConfig, RuntimeMount } from "../spec/index.ts";

/** Bytes; `--shm-size` where none is asked for. */
const SHM_SIZE = 64 * 1024 * 1024;

export const MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

export interface DefaultMountOptions {
  privileged: boolean;
  readonlyRootfs: boolean;
  writableCgroups: boolean;
  ipcMode: string;
  /** Bytes, 0 for the default. */
  shmSize: number;
  /** A tmpfs on the host that takes the place of an own one. */
  shmPath: string | undefined;
}

function shmMount(options: DefaultMountOptions): RuntimeMount[] {
  if (options.ipcMode === "none") return [];
  if (options.ipcMode === "host") return [bindOf("/dev/shm", "/dev/shm")];
  if (options.shmPath !== undefined) return [bindOf(options.shmPath, "/dev/shm")];
  const size = options.shmSize || SHM_SIZE;
  return [
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${size}`],
    },
  ];
}

const bindOf = (source: string, destination: string): RuntimeMount => ({
  destination,
  type: "bind",
  source,
  options: ["rbind", "rprivate"],
});

/** What every container has mounted besides its root, in the order of mounting. */
export function defaultMounts(options: DefaultMountOptions): RuntimeMount[] {
  const guarded = ["nosuid", "noexec", "nodev"];
  const sys = options.privileged ? guarded : [...guarded, "ro"];
  const cgroup = options.privileged || options.writableCgroups ? guarded : ["ro", ...guarded];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: guarded },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: sys },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: cgroup },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: guarded },
    ...shmMount(options),
  ];
}

/** The paths to hide: the request's own lists win, `privileged` hides nothing. */
export function guardedPaths(
  hostConfig: Pick<HostConfig, "Privileged" | "MaskedPaths" | "ReadonlyPaths">,
  unconfined: boolean,
  ofThisHost: readonly string[] = [],
): { masked: string[]; readonly: string[] } {
  if (hostConfig.Privileged || unconfined) return { masked: [], readonly: [] };
  return {
    masked: [...(hostConfig.MaskedPaths ?? [...MASKED_PATHS, ...ofThisHost])],
    readonly: [...(hostConfig.ReadonlyPaths ?? READONLY_PATHS)],
  };
}
