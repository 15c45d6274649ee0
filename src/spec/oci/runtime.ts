/** OCI runtime-spec 1.x, config.md and config-linux.md: the parts that a Linux container needs. */

export interface RuntimeSpec {
  ociVersion: string;
  process: RuntimeProcess;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts: RuntimeMount[];
  hooks?: Partial<Record<RuntimeHookKind, RuntimeHook[]>>;
  annotations?: Record<string, string>;
  linux: RuntimeLinux;
}

export interface RuntimeProcess {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  cwd: string;
  env: string[];
  args: string[];
  user: RuntimeUser;
  rlimits?: RuntimeRlimit[];
  capabilities?: RuntimeCapabilities;
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
}

export interface RuntimeUser {
  uid: number;
  gid: number;
  umask?: number;
  additionalGids?: number[];
}

export interface RuntimeRlimit {
  /** `RLIMIT_NOFILE`. */
  type: string;
  /** Infinity is unlimited; JSON has no number for it, so the text of a spec needs its own encoding. */
  soft: number;
  hard: number;
}

/** Names as in capabilities(7): `CAP_CHOWN`. */
export interface RuntimeCapabilities {
  bounding: string[];
  effective: string[];
  inheritable?: string[];
  permitted: string[];
  ambient?: string[];
}

export interface RuntimeMount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

export type RuntimeHookKind =
  | "prestart"
  | "createRuntime"
  | "createContainer"
  | "startContainer"
  | "poststart"
  | "poststop";

export interface RuntimeHook {
  path: string;
  args?: string[];
  env?: string[];
  /** Seconds. */
  timeout?: number;
}

export interface RuntimeLinux {
  namespaces: RuntimeNamespace[];
  uidMappings?: RuntimeIdMapping[];
  gidMappings?: RuntimeIdMapping[];
  devices?: RuntimeDevice[];
  /** cgroupfs: `/parent/name`; systemd: `parent.slice:prefix:name`. */
  cgroupsPath?: string;
  resources?: RuntimeResources;
  rootfsPropagation?: string;
  seccomp?: RuntimeSeccomp;
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  mountLabel?: string;
}

export type NamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup";

export interface RuntimeNamespace {
  type: NamespaceType;
  /** An existing namespace to join; absent makes a new one. */
  path?: string;
}

export interface RuntimeIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface RuntimeDevice {
  /** Character (`u` is unbuffered), block, FIFO. */
  type: "c" | "u" | "b" | "p";
  path: string;
  major: number;
  minor: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

export interface RuntimeDeviceRule {
  allow: boolean;
  type?: "a" | "c" | "b";
  major?: number;
  minor?: number;
  /** Any of `rwm`. */
  access?: string;
}

export interface RuntimeThrottle {
  major: number;
  minor: number;
  /** Bytes or operations per second. */
  rate: number;
}

/** Bytes, microseconds and cgroup v1 scales (shares 2–262144, weight 10–1000) also on v2 hosts. */
export interface RuntimeResources {
  devices?: RuntimeDeviceRule[];
  memory?: {
    limit?: number;
    reservation?: number;
    /** Memory plus swap; -1 is unlimited. */
    swap?: number;
    kernelTCP?: number;
    swappiness?: number;
    disableOOMKiller?: boolean;
  };
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    realtimeRuntime?: number;
    realtimePeriod?: number;
    cpus?: string;
    mems?: string;
  };
  pids?: { limit: number };
  blockIO?: {
    weight?: number;
    weightDevice?: { major: number; minor: number; weight: number }[];
    throttleReadBpsDevice?: RuntimeThrottle[];
    throttleWriteBpsDevice?: RuntimeThrottle[];
    throttleReadIOPSDevice?: RuntimeThrottle[];
    throttleWriteIOPSDevice?: RuntimeThrottle[];
  };
  hugepageLimits?: { pageSize: string; limit: number }[];
  /** cgroup v2 files, written as they are. */
  unified?: Record<string, string>;
}

export interface RuntimeSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  listenerPath?: string;
  syscalls?: RuntimeSyscallRule[];
}

export interface RuntimeSyscallRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: RuntimeSyscallArgument[];
}

export interface RuntimeSyscallArgument {
  index: number;
  value: number;
  valueTwo?: number;
  op: string;
}

/** runtime.md#state, as the runtime keeps it. */
export interface RuntimeState {
  ociVersion: string;
  id: string;
  status: "creating" | "created" | "running" | "stopped";
  pid?: number;
  bundle: string;
  annotations?: Record<string, string>;
}
