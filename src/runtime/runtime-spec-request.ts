import type { CgroupHost } from "../linux/cgroup/cgroup-host.ts";
import type { LimitSupport } from "../linux/cgroup/limit-support.ts";
import type { ContainerConfig, HostConfig, RuntimeSeccomp, Ulimit } from "../spec/index.ts";
import type { ProfileContext } from "./seccomp/seccomp-profile.ts";

/** A mount whose source exists and is decided; destinations are absolute paths in the container. */
export type ResolvedMount = ResolvedBindMount | ResolvedTmpfsMount;

export interface ResolvedBindMount {
  type: "bind";
  /** Absolute path on the host. */
  source: string;
  destination: string;
  readOnly: boolean;
  /** What `readOnly` means for mounts below the source; `if-possible` needs Linux 5.12. Default `if-possible`. */
  recursiveReadOnly?: "if-possible" | "required" | "never";
  /** Default `rprivate`. */
  propagation?: "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";
  /** Mounts below the source come along; default true. */
  recursive?: boolean;
  /** Owners on disk as the container sees them: `uids=DISK-CONTAINER-COUNT#…;gids=…`. Needs crun. */
  idmap?: string;
}

export interface ResolvedTmpfsMount {
  type: "tmpfs";
  destination: string;
  readOnly?: boolean;
  /** As after the colon of `--tmpfs`: `size=64m`, `mode=1777`, `exec`. */
  options?: readonly string[];
}

/** What the host can do, as far as a spec depends on it; see `detectRuntimeHost()`. */
export interface RuntimeHost {
  cgroup: CgroupHost;
  limits: LimitSupport;
  /** Naming of cgroups: `systemd` only where it is PID 1. */
  cgroupDriver: "cgroupfs" | "systemd";
  /** Is AppArmor on, and which profile do containers get (absent: none is loaded)? */
  appArmor: { enabled: boolean; defaultProfile?: string };
  selinux: boolean;
  /** Does the kernel filter system calls? */
  seccomp: boolean;
  /** Linux major × 1000 + minor. */
  kernel: number;
  /** Hard limits of this process per rlimit name, e.g. `nofile`; Infinity is unlimited. */
  hardLimits: Readonly<Record<string, number>>;
  canRaiseLimits: boolean;
  /** Capabilities that can be given away, `CAP_CHOWN` etc. */
  capabilities: readonly string[];
  /** Hidden besides `MASKED_PATHS`, because they exist on this host. */
  maskedPaths: readonly string[];
  /** Path of a static init for `--init`, or why there is none. */
  init: { path: string } | { missing: string };
}

/** Turns seccomp profiles into what the runtime loads; keeps what it resolved and compiled. */
export interface SeccompCompiler {
  /** The default profile; the same context gives the same object. */
  resolveDefault(context: ProfileContext): RuntimeSeccomp;
  /** Base64 of the raw BPF program. */
  compile(profile: RuntimeSeccomp): string;
}

export interface RuntimeSpecRequest {
  id: string;
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Absolute path of the mounted root file system; users are looked up in it. */
  rootfs: string;
  /** Volumes, binds, tmpfs of the user, and `/etc/{hosts,hostname,resolv.conf}`. */
  mounts: readonly ResolvedMount[];
  namespaces: {
    /** `host`, `new` (loopback only, down), or the path of an existing one. */
    network: "host" | "new" | { path: string };
    /** With IpcMode `container:…`: `/proc/<pid>/ns/ipc`. */
    ipc?: string;
    /** With PidMode `container:…`: `/proc/<pid>/ns/pid`. */
    pid?: string;
  };
  /** A tmpfs on the host for `/dev/shm`, with IpcMode `shareable` and `container:…`. */
  shmPath?: string;
  /** Environment between PATH/HOSTNAME and the user's: links. */
  linkEnv?: readonly string[];
  host: RuntimeHost;
  /** `--default-ulimit` of the daemon. */
  defaultUlimits?: readonly Ulimit[];
  /** `OciRuntime.takesBpf` of the runtime that will run it; any other would run it without a filter. */
  takesBpf: boolean;
  /** Absent, the profile goes into the spec as it is, and the runtime compiles it. */
  seccomp?: SeccompCompiler;
  /** Told of what was adapted to the host without being asked. */
  warn?: (text: string) => void;
}

export interface ExecProcessRequest {
  container: Pick<
    RuntimeSpecRequest,
    "config" | "hostConfig" | "host" | "linkEnv" | "defaultUlimits" | "warn"
  >;
  /** The container's root as seen from the host: `/proc/<pid>/root`, or its rootfs. */
  rootfs: string;
  args: readonly string[];
  env?: readonly string[];
  user?: string;
  workingDir?: string;
  tty: boolean;
  privileged: boolean;
  consoleSize?: readonly [rows: number, columns: number];
}
