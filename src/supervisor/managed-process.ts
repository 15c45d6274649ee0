import { realtime } from "../linux/clock.ts";
import { duplicateAbove, setNonBlocking } from "../linux/descriptor.ts";
import { close } from "../linux/file.ts";
import type { Poller } from "../linux/poller.ts";
import { processStartTime } from "../linux/process.ts";
import { setWindowSize } from "../linux/pty.ts";
import { formatTime, type LogStream } from "../logs/index.ts";
import type { AttachedTo, Attachment } from "./attachment.ts";
import { ProcessInput } from "./process-input.ts";
import { ProcessLog } from "./process-log.ts";
import {
  DirectOutput,
  type OutputSink,
  type ProcessOutput,
  SpooledOutput,
} from "./process-output.ts";
import type { OpenStdio } from "./process-stdio.ts";
import type { ProcessStore } from "./process-store.ts";
import { encodeFrame, type RunningProcess } from "./protocol.ts";
import { QUEUE_LIMIT } from "./socket-connection.ts";
import type { ProcessExit, ProcessRecord, ProcessRequest } from "./supervisor.ts";

/**
 * How long output is waited for after the exit, where a descendant still holds it: the bound that Docker
 * sets. The exit itself is told at once.
 */
const LINGER_MS = 2000;
/** Within that time a daemon's death shows in its control connection too. */
const DAEMON_DEATH_MS = 50;
/** Read at the exit without waiting: more than all pipes hold. */
const DRAIN_LIMIT = 1024 * 1024;

/** One process that the runtime has started: its stdio, its log, its exit. */
export class ManagedProcess implements AttachedTo, OutputSink {
  readonly request: ProcessRequest;
  readonly store: ProcessStore;
  pid = 0;
  state: ProcessRecord["state"] = "starting";
  startedAt = "";
  exit: ProcessExit | undefined;
  readonly attachments = new Set<Attachment>();
  outputs: ProcessOutput[] = [];
  input: ProcessInput | undefined;
  /** It ended while no supervisor lived; the daemon may know how. */
  isLost = false;
  /** We reap it; otherwise its end is seen by a pidfd. */
  isChild = false;
  readonly #poller: Poller;
  readonly #hasDaemon: () => boolean;
  #log: ProcessLog | undefined;
  #master: number | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #finished = false;

  /** `hasDaemon`: is one connected? */
  constructor(
    poller: Poller,
    store: ProcessStore,
    request: ProcessRequest,
    hasDaemon: () => boolean,
  ) {
    this.#poller = poller;
    this.#hasDaemon = hasDaemon;
    this.store = store;
    this.request = request;
  }

  get id(): string {
    return this.request.id;
  }

  /** Opens the log, so that a log that cannot be opened is no reason to end a running process. */
  openLog(resume: boolean): void {
    this.#log = ProcessLog.open(this.store.directory, this.request.log, resume);
  }

  /** Resolves when the log can be written, if there is one. */
  logOpened(): Promise<void> | undefined {
    return this.#log?.opened();
  }

  /** The runtime reports success: its record is stored, and everything flows. */
  begin(pid: number, stdio: OpenStdio): void {
    this.pid = pid;
    this.state = "running";
    this.startedAt = formatTime(realtime());
    const startTime = processStartTime(pid) ?? 0;
    this.store.saveRunning({ pid, startTime, startedAt: this.startedAt });
    this.#openStdio(stdio, false, new Uint8Array());
    for (const output of this.outputs) output.start();
    for (const attachment of this.attachments) attachment.begin(this);
  }

  /** A supervisor before has begun it. Outputs are made, but do not flow yet. */
  resume(
    running: { pid: number; startedAt: string },
    stdio: OpenStdio,
    inputPending: Uint8Array = new Uint8Array(),
  ): void {
    this.pid = running.pid;
    this.state = "running";
    this.startedAt = running.startedAt;
    this.#openStdio(stdio, true, inputPending);
  }

  #openStdio(stdio: OpenStdio, resume: boolean, inputPending: Uint8Array): void {
    const { request } = this;
    const { master, stdin } = stdio;
    if (master !== undefined) {
      setNonBlocking(master);
      this.#master = master;
      this.outputs = [new DirectOutput(this.#poller, master, 1, this.#log, this)];
      if (request.consoleSize !== undefined && !resume)
        setWindowSize(master, ...request.consoleSize);
    }
    for (const [stream, fd] of [[1, stdio.stdout] as const, [2, stdio.stderr] as const]) {
      if (fd !== undefined) this.outputs.push(this.#openOutput(stream, fd));
    }
    const inputFd =
      stdin ?? (master !== undefined && request.openStdin ? duplicateAbove(master, 3) : undefined);
    if (inputFd !== undefined) {
      const onDrain = (): void => this.#readInput(true);
      this.input = new ProcessInput(this.#poller, inputFd, onDrain, inputPending);
    }
  }

  #openOutput(stream: LogStream, fd: number): ProcessOutput {
    if (this.#log === undefined) return new DirectOutput(this.#poller, fd, stream, undefined, this);
    const spool = this.store.path(stream === 1 ? "stdout.spool" : "stderr.spool");
    return new SpooledOutput(this.#poller, fd, stream, this.#log, this, spool);
  }

  /** The daemon has kept the tty while there was no supervisor. */
  regainTerminal(master: number): void {
    if (this.state !== "running" || !this.request.tty || this.#master !== undefined) {
      close(master);
      return;
    }
    this.#openStdio({ master }, true, new Uint8Array());
    for (const output of this.outputs) output.start();
  }

  attach(attachment: Attachment): void {
    if (this.#finished) {
      attachment.finish();
      return;
    }
    this.attachments.add(attachment);
    if (this.state !== "starting") attachment.begin(this);
  }

  resize(rows: number, columns: number): void {
    if (this.#master !== undefined && !this.#finished) setWindowSize(this.#master, rows, columns);
  }

  /**
   * The process has ended: stores that, before anybody hears, and takes what it has still written. Output
   * that a descendant holds open may go on for a while.
   */
  ended(exitCode: number): ProcessExit {
    const finishedAt = formatTime(realtime());
    const exit = { id: this.id, exitCode, finishedAt, pid: this.pid };
    this.store.saveExit(exit);
    this.input?.destroy();
    for (const output of this.outputs) {
      if (!output.ended) output.drain(DRAIN_LIMIT);
    }
    this.linger(exit);
    return exit;
  }

  /** After the exit, waits a while for output that a descendant holds open. */
  linger(exit: ProcessExit): void {
    this.exit = exit;
    this.state = "exited";
    this.outputEnded();
    if (!this.#finished) this.#linger = setTimeout(() => this.finish(), LINGER_MS);
  }

  /** It had ended before this supervisor came. */
  restoreExit(exit: ProcessExit): void {
    this.exit = exit;
    this.state = "exited";
    for (const output of this.outputs) output.drain(DRAIN_LIMIT);
    this.finish();
  }

  /** Closes the log and ends attachments. Idempotent. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#linger);
    for (const output of this.outputs) output.close();
    this.input?.destroy();
    this.#log?.close();
    for (const attachment of this.attachments) attachment.finish();
    this.attachments.clear();
  }

  get isFinished(): boolean {
    return this.#finished;
  }

  record(): ProcessRecord {
    const { id, pid, state, startedAt, exit } = this;
    const { tty } = this.request;
    return { id, pid, state, tty, startedAt, ...(exit === undefined ? {} : { exit }) };
  }

  running(): RunningProcess {
    const { tty, openStdin, stdinOnce } = this.request;
    return {
      id: this.id,
      pid: this.pid,
      tty,
      lacksTerminal: tty && this.#master === undefined,
      keepsStdin: openStdin && !stdinOnce && !tty,
    };
  }

  get master(): number | undefined {
    return this.#master;
  }

  outputData(stream: LogStream, bytes: Uint8Array): void {
    if (this.attachments.size === 0) return;
    const message = this.request.tty ? bytes.slice() : encodeFrame(stream, bytes);
    for (const attachment of [...this.attachments]) {
      if (attachment.wants(stream)) attachment.connection.write(message);
    }
    if (this.#hasQueueOver(QUEUE_LIMIT)) this.#pause(true);
  }

  outputEnded(): void {
    if (this.state === "exited" && this.outputs.every((output) => output.ended)) this.finish();
  }

  takeInput(_from: Attachment, bytes: Uint8Array): void {
    if (this.input?.write(bytes) === false) this.#readInput(false);
  }

  endInput(from: Attachment): void {
    const { stdinOnce, tty } = this.request;
    if (from.options.stdin && stdinOnce && !tty) this.input?.end();
  }

  leave(attachment: Attachment): void {
    this.attachments.delete(attachment);
    // The death of a daemon closes all its connections at once, and is not the end of anybody's input.
    setTimeout(() => this.#hasDaemon() && this.endInput(attachment), DAEMON_DEATH_MS);
    this.drained();
  }

  drained(): void {
    if (!this.#hasQueueOver(QUEUE_LIMIT / 2)) this.#pause(false);
  }

  #hasQueueOver(limit: number): boolean {
    return [...this.attachments].some(({ connection }) => connection.queued > limit);
  }

  #pause(paused: boolean): void {
    for (const output of this.outputs) output.pause(paused);
  }

  #readInput(wanted: boolean): void {
    for (const attachment of this.attachments) attachment.readInput(wanted);
  }
}
