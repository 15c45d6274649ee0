import type { Duplex } from "node:stream";
import type {
  ConsoleSize,
  ContainerArchivePutOptions,
  ContainerAttachOptions,
  ContainerCreateOptions,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerListOptions,
  ContainerLogsOptions,
  ContainerPathStat,
  ContainerPruneReport,
  ContainerRemoveOptions,
  ContainerStartOptions,
  ContainerStats,
  ContainerStatsOptions,
  ContainerStopOptions,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerWaitCondition,
  ContainerWaitResponse,
  FilesystemChange,
  Filters,
  LocalCopyReport,
  LocalCopyRequest,
} from "../../../spec/index.ts";

/** A stream that is ready to begin: whatever can fail before the first byte has not failed. */
export interface StreamSession {
  /** True: raw bytes; false: Docker's frames (8 bytes of header). Decides the content type. */
  tty: boolean;
  /**
   * Serves the client until the stream ends: reads stdin from `client` (its `end` is the client's
   * half-close) and writes output to it as it must go over the wire. Resolves when nothing more comes;
   * the caller ends `client` then. A destroyed `client` means that the other side has gone.
   */
  run(client: Duplex): Promise<void>;
}

export interface LogSession {
  tty: boolean;
  /** Framed as `StreamSession.tty` says. */
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * What the container routes need of the engine. `ref` is an id, a unique prefix of one, or a name with or
 * without its leading slash. Methods reject with EngineError: `not-found` (`No such container: x`),
 * `conflict`, `invalid-argument`, `not-modified` (already started or stopped).
 */
export interface ContainerBackend {
  list(options: ContainerListOptions): Promise<ContainerSummary[]>;
  inspect(ref: string, options: { size: boolean }): Promise<ContainerInspect>;
  create(
    request: ContainerCreateRequest,
    options: ContainerCreateOptions,
  ): Promise<ContainerCreateResponse>;
  start(ref: string, options: ContainerStartOptions): Promise<void>;
  stop(ref: string, options: ContainerStopOptions): Promise<void>;
  restart(ref: string, options: ContainerStopOptions): Promise<void>;
  /**
   * `signal` is a name or a number as the client wrote it; empty: SIGKILL. Failures begin with
   * `cannot kill container: <ref>: `.
   */
  kill(ref: string, signal: string): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  rename(ref: string, newName: string): Promise<void>;
  remove(ref: string, options: ContainerRemoveOptions): Promise<void>;
  prune(filters: Filters): Promise<ContainerPruneReport>;
  update(ref: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse>;
  resize(ref: string, size: ConsoleSize): Promise<void>;
  /**
   * Resolves once the wait is registered, so that a client may start the container as soon as it sees the
   * response's head; `result` follows. `signal` aborts when the client has gone.
   */
  wait(
    ref: string,
    condition: ContainerWaitCondition,
    signal: AbortSignal,
  ): Promise<{ result: Promise<ContainerWaitResponse> }>;
  attach(ref: string, options: ContainerAttachOptions): Promise<StreamSession>;
  logs(ref: string, options: ContainerLogsOptions, signal: AbortSignal): Promise<LogSession>;
  /** `psArgs` as the client wrote it, `-ef` when it wrote nothing. */
  top(ref: string, psArgs: string): Promise<ContainerTop>;
  stats(
    ref: string,
    options: ContainerStatsOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<ContainerStats>>;
  changes(ref: string): Promise<FilesystemChange[] | null>;
  /** The container's file system as a tar stream. */
  export(ref: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  statPath(ref: string, path: string): Promise<ContainerPathStat>;
  getArchive(
    ref: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ stat: ContainerPathStat; tar: AsyncIterable<Uint8Array> }>;
  copyLocally(
    ref: string,
    request: LocalCopyRequest,
    signal: AbortSignal,
  ): AsyncIterable<LocalCopyReport>;
  putArchive(
    ref: string,
    path: string,
    options: ContainerArchivePutOptions,
    tar: AsyncIterable<Uint8Array>,
  ): Promise<void>;
}
