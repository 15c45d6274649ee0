import type {
  ContainerConfig,
  ContainerId,
  EndpointSettings,
  EngineStatus,
  ExecId,
  Health,
  HostConfig,
  ImageId,
  MountType,
  NetworkSettings,
} from "../../spec/index.ts";

/** A container as it is persisted: one JSON record, written whole at every change that must survive. */
export interface ContainerRecord {
  id: ContainerId;
  /** Without a slash. */
  name: string;
  /** RFC 3339. */
  created: string;
  /** Empty for a container without an image. */
  imageId: ImageId | "";
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** What was asked for, by network name or id. */
  endpoints: Record<string, Partial<EndpointSettings>>;
  mounts: MountRecord[];
  path: string;
  args: string[];
  state: StoredState;
  /** As `inspect` shows it: of the current or the last run. */
  network: NetworkSettings;
  /** Restarts by the policy since the user's last start. */
  restartCount: number;
  /** A user's stop or kill; the policy leaves the container alone until the next start. */
  stoppedByUser: boolean;
  /** Below the cgroup mount points. */
  cgroupPath: string;
  /** Boot in which it last started; another boot means that its processes are gone. */
  bootId: string;
  /** A step that a restart of the daemon must undo (`creating`) or finish (`removing`). */
  pending?: "creating" | { removing: { volumes: boolean } };
}

/** As much of a container as decides over its files and name servers. */
export interface DescribedContainer {
  readonly record: Pick<ContainerRecord, "config" | "hostConfig">;
}

export interface StoredState {
  status: EngineStatus;
  /** Of the first process, on the host; 0 when none runs. */
  pid: number;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  health?: Health;
}

/** A mount as it was decided at `create`. */
export interface MountRecord {
  type: MountType;
  /** Volume's name; of an image mount the image's id. */
  name?: string;
  driver?: string;
  /** On the host; empty for tmpfs. */
  source: string;
  destination: string;
  /** As the user wrote it: `ro,z`. */
  mode: string;
  readWrite: boolean;
  propagation: string;
  /** A volume without a name of the user's: goes with the container where `-v` or `--rm` says so. */
  anonymous: boolean;
  /** Fill the volume from the image when it is empty. */
  copyUp: boolean;
  /** A bind's missing source is made as a directory (`-v`), or refused (`--mount`). */
  createSource: boolean;
  subpath?: string;
  nonRecursive?: boolean;
  recursiveReadOnly?: "if-possible" | "required" | "never";
  /**
   * Of a bind: owners on disk as the container sees them. `owner`: whom the source belongs to is the
   * container's root; else crun's ranges, `uids=1000-0-1#…;gids=…` (on disk, in the container, count).
   */
  idmap?: string;
  /** Of a tmpfs: as mount(8) has them. */
  tmpfsOptions?: string[];
}

/** An exec as it is persisted while its container runs. */
export interface ExecRecord {
  id: ExecId;
  containerId: ContainerId;
  args: string[];
  env: string[];
  user: string;
  workingDir: string;
  tty: boolean;
  privileged: boolean;
  attachStdin: boolean;
  attachStdout: boolean;
  attachStderr: boolean;
  detachKeys: string;
  consoleSize?: [rows: number, columns: number];
  running: boolean;
  exitCode: number | null;
  pid: number;
}
