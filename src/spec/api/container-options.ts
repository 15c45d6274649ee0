/** Query options of the Engine API's container and exec calls, decoded. */
import type { Filters } from "./filters.ts";

export interface ContainerListOptions {
  /** Also those that do not run. */
  all: boolean;
  /** The newest N, running or not; undefined or negative: no limit. */
  limit?: number;
  /** Fill SizeRw and SizeRootFs. */
  size: boolean;
  /** Keys: ancestor before expose exited health id isolation is-task label name network publish since status volume. */
  filters: Filters;
}

export interface ContainerCreateOptions {
  /** Without the leading slash; undefined: the engine invents one. */
  name?: string;
  /** `os[/arch[/variant]]`. */
  platform?: string;
}

export interface ContainerStartOptions {
  detachKeys?: string;
}

export interface ContainerStopOptions {
  /** `SIGTERM`, `TERM` or `15`; undefined: the container's StopSignal. */
  signal?: string;
  /** Seconds until SIGKILL; negative: for ever; undefined: the container's StopTimeout. */
  timeout?: number;
}

export interface ContainerRemoveOptions {
  force: boolean;
  /** Also its anonymous volumes. */
  volumes: boolean;
  /** Remove the link that `ref` names, not the container. */
  link: boolean;
}

/** `healthy` is Berth's own: it resolves with 0 when healthy, and with the exit code if it exits first. */
export type ContainerWaitCondition = "not-running" | "next-exit" | "removed" | "healthy";

export interface ContainerAttachOptions {
  /** Replay the log first. */
  logs: boolean;
  /** Stay attached. */
  stream: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** `ctrl-p,ctrl-q`; undefined: the daemon's default. */
  detachKeys?: string;
}

/** An instant: nanoseconds since the epoch. */
export type Nanoseconds = bigint;

export interface ContainerLogsOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  timestamps: boolean;
  details: boolean;
  since?: Nanoseconds;
  until?: Nanoseconds;
  /** The last N lines; undefined: all. */
  tail?: number;
}

export interface ContainerStatsOptions {
  /** One sample per second until the client goes; otherwise one sample. */
  stream: boolean;
  /** With `stream` false: answer at once, with an empty precpu_stats. */
  oneShot: boolean;
}

export interface ConsoleSize {
  rows: number;
  columns: number;
}

/** `X-Docker-Container-Path-Stat`, base64 of this as JSON. */
export interface ContainerPathStat {
  name: string;
  size: number;
  /** Go's os.FileMode bits, not Unix's. */
  mode: number;
  mtime: string;
  linkTarget: string;
}

export interface ContainerArchivePutOptions {
  noOverwriteDirNonDir: boolean;
  copyUidGid: boolean;
}

/**
 * A copy that the daemon makes by itself, between its own host's files and a container: the caller is root
 * and sees the same files, so that a path means the same to both.
 */
export interface LocalCopyRequest {
  direction: "in" | "out";
  /**
   * What tells whose files the caller sees: the boot's id, the mount namespace and the root directory, as
   * `<boot_id> <readlink /proc/self/ns/mnt> <device>:<inode>`; another than the daemon's is a `conflict`.
   */
  fileView: string;
  /** `in`: what is copied; `out`: the directory that it goes to. */
  hostPath: string;
  /** `in`: the directory that it goes to; `out`: what is copied. */
  path: string;
  /** The top entry's name at the target; absent: its own. */
  name?: string;
  /** `in`: as of a put archive. `out`: keep owners, else all belongs to root. */
  archive: boolean;
}

/** How far it is, in the end the whole. */
export interface LocalCopyReport {
  /** Of regular files. */
  Bytes: number;
}
