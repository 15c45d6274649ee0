import type { Duplex } from "node:stream";
import type { LogConfiguration } from "../logs/index.ts";
import { EngineError } from "../spec/index.ts";

/** How to start one process through the OCI runtime: a container's first process, or an exec. */
export interface ProcessRequest {
  /** Container id or exec id; the name of everything that follows. */
  id: string;
  /** The runtime's command line, `argv[0]` absolute: `crun … run -d …` or `crun … exec -d …`. */
  argv: string[];
  /** Environment of the runtime (not of the container). Default: `PATH` alone. */
  env?: Record<string, string>;
  tty: boolean;
  /** Keep the process's stdin open for clients; otherwise it reads from /dev/null. */
  openStdin: boolean;
  /** The end of the first attached client's input is the end of the process's stdin (never for a tty). */
  stdinOnce: boolean;
  /** Size of the tty at start. */
  consoleSize?: [rows: number, columns: number];
  /** Absent: output goes to attached clients only (an exec). */
  log?: LogConfiguration;
}

export interface ProcessExit {
  id: string;
  /** 0–255; 128 + n when signal n ended the process. */
  exitCode: number;
  /** RFC 3339 with nanoseconds, UTC. */
  finishedAt: string;
  pid: number;
}

export interface ProcessRecord {
  id: string;
  /** In the host's pid namespace; 0 while the runtime is still at work. */
  pid: number;
  state: "starting" | "running" | "exited";
  tty: boolean;
  /** RFC 3339 with nanoseconds, UTC; when the runtime reported the start. */
  startedAt: string;
  /** When `state` is "exited". */
  exit?: ProcessExit;
}

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/**
 * The process that holds stdio, ttys, logs and exit codes, as the daemon sees it. It outlives the
 * daemon; when it dies the client starts it again, and the new one adopts what runs.
 */
export interface Supervisor {
  /**
   * Starts the process; resolves when it runs. Rejects with `RuntimeStartError` when the runtime failed,
   * `already-exists` when the id is known and not yet forgotten. After a failure nothing is left.
   */
  start(request: ProcessRequest): Promise<{ pid: number }>;
  /**
   * Joins the process's stdio, before its start (no byte is lost) or while it runs. Reads are Docker's
   * multiplexed frames, raw bytes for a tty; the end of writes is the client's end of stdin. Ends when
   * the output ends; at once when the process has exited; when a start fails. Destroy it to leave.
   */
  attach(id: string, options: AttachOptions): Promise<Duplex>;
  /** `not-found` unless a process with that id runs; no effect without a tty. */
  resize(id: string, rows: number, columns: number): Promise<void>;
  /** Everything that starts, runs, or has exited and is not forgotten. */
  processes(): Promise<ProcessRecord[]>;
  /** Drops an exited process after its exit has been stored elsewhere. Idempotent; `conflict` while it runs. */
  forget(id: string): Promise<void>;
  /** Every exit, at least once: told again at each reconnect until it is forgotten. */
  onExit(listener: (exit: ProcessExit) => void): void;
  /** Leaves the supervisor; whatever runs goes on. */
  close(): Promise<void>;
}

/** The OCI runtime did not start the process. */
export class RuntimeStartError extends EngineError {
  /** The runtime's exit status, 128 + n for a signal; -1 when it could not be executed at all. */
  readonly exitStatus: number;
  /** What it wrote to its standard error. */
  readonly stderr: string;
  /** The text of its log file (`--log`), JSON lines when it was told so. */
  readonly runtimeLog: string;

  constructor(
    message: string,
    details: { exitStatus: number; stderr: string; runtimeLog: string },
  ) {
    super("internal", message);
    this.name = "RuntimeStartError";
    this.exitStatus = details.exitStatus;
    this.stderr = details.stderr;
    this.runtimeLog = details.runtimeLog;
  }
}
