/** Berth's own calls on volumes, below `/berth/volumes`, and what it adds to Docker's. */

/** A container's use of a volume. */
export interface VolumeUser {
  Id: string;
  /** Without a slash. */
  Name: string;
  Running: boolean;
  Destination: string;
  ReadOnly: boolean;
}

/** What Berth tells in a volume's `Status.Berth`; what is not so is left out. */
export interface VolumeStatus {
  UsedBy?: VolumeUser[];
  Locked?: true;
  /** Their number. */
  Snapshots?: number;
}

export interface VolumeCloneOptions {
  /** Name of the new volume. */
  to: string;
  /** Freeze the containers that write to it while it is read. */
  pause: boolean;
}

export interface VolumeImportOptions {
  /** Put it into a volume that has content already, whose former content becomes a snapshot. */
  replace: boolean;
}

export interface VolumeSnapshotOptions {
  /** Absent: the time. */
  name?: string;
  pause: boolean;
}

export interface VolumeRestoreOptions {
  /** Absent: the latest. */
  snapshot?: string;
  /** Delete the former content; otherwise it becomes a snapshot of its own. */
  discard: boolean;
}

export interface VolumeSnapshotSummary {
  Name: string;
  CreatedAt: string;
}

export interface VolumeSpace {
  Name: string;
  /** Sum of the files' sizes, bytes. */
  Size: number;
  /** What they occupy; blocks that are shared with others count for each. */
  DiskSize: number;
  /** Directories and everything else. */
  Files: number;
}

export interface VolumeUsageReport extends VolumeSpace {
  Snapshots: VolumeSpace[];
}

export interface VolumeFile {
  Name: string;
  Type: "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "socket";
  /** Permission bits with setuid, setgid and sticky. */
  Mode: number;
  Uid: number;
  Gid: number;
  Size: number;
  /** RFC 3339. */
  Modified: string;
  LinkTarget?: string;
}

export interface TrashedVolumeSummary {
  Id: string;
  Name: string;
  RemovedAt: string;
  /** When it is deleted at the latest. */
  ExpiresAt: string;
  /** Bytes. */
  Size: number;
  Labels: Record<string, string>;
}
export interface VolumeTrashReport {
  /** Ids. */
  Deleted: string[];
  SpaceReclaimed: number;
}

export interface VolumePruneOptions {
  /** Say what would go, and change nothing. */
  dryRun: boolean;
  /** Delete at once instead of moving to the trash. */
  now: boolean;
}
