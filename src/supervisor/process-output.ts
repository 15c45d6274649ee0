import { closeSync, constants, existsSync, fstatSync, openSync } from "node:fs";
import {
  punchHole,
  readAt,
  readAvailable,
  spliceToFile,
  WOULD_BLOCK,
} from "../linux/descriptor.ts";
import { close } from "../linux/file.ts";
import { type Poller, Ready } from "../linux/poller.ts";
import type { LogStream } from "../logs/index.ts";
import { LineBatcher } from "./line-batcher.ts";
import type { ProcessLog } from "./process-log.ts";

export interface OutputSink {
  /** What has just arrived, for whoever is attached; valid during the call only. */
  outputData(stream: LogStream, bytes: Uint8Array): void;
  /** The stream's end. May close the output. */
  outputEnded(): void;
}

/** What is read at once at most. */
const CHUNK = 256 * 1024;
/** What is read before others get their turn. */
const TURN = 4 * CHUNK;
const PAGE = 4096;
const PUNCH_AT_LEAST = 64 * 1024;

const buffer = new Uint8Array(new ArrayBuffer(CHUNK));

/** One stream that comes out of a process: read, given to whoever is attached, and logged. */
export abstract class ProcessOutput {
  readonly fd: number;
  readonly stream: LogStream;
  protected readonly batcher: LineBatcher;
  protected readonly log: ProcessLog | undefined;
  readonly #poller: Poller;
  readonly #sink: OutputSink;
  #polled = false;
  #paused = false;
  #waitsForLog = false;
  #ended = false;

  /** Owns the descriptor; flows after `start`. */
  constructor(
    poller: Poller,
    fd: number,
    stream: LogStream,
    log: ProcessLog | undefined,
    sink: OutputSink,
  ) {
    this.#poller = poller;
    this.fd = fd;
    this.stream = stream;
    this.log = log;
    this.#sink = sink;
    this.batcher = new LineBatcher((bytes) => log?.write(stream, bytes));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** A line's beginning that waits for its end; for an upgrade. */
  get held(): Uint8Array {
    return this.batcher.held;
  }

  start(held: Uint8Array = new Uint8Array()): void {
    if (held.length > 0) this.batcher.push(held);
    this.#update();
  }

  /** Stops or goes on; a paused process blocks once its pipe is full. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#update();
  }

  /** Takes what is there without waiting, up to `limit` bytes; true when the stream has ended. */
  drain(limit = TURN): boolean {
    let left = limit;
    while (left > 0 && !this.#ended) {
      const count = this.receive(buffer);
      if (count === WOULD_BLOCK) break;
      if (count === 0) {
        this.#end();
        break;
      }
      left -= count;
      const bytes = buffer.subarray(0, count);
      // What a client has seen is in the log.
      if (this.log !== undefined) this.batcher.push(bytes);
      this.#sink.outputData(this.stream, bytes);
      if (this.#mustWaitForLog()) break;
    }
    this.settle();
    return this.#ended;
  }

  /** Logs what is held of a line, and lets go of everything. */
  close(): void {
    this.#ended = true;
    this.#update();
    this.batcher.flush();
    close(this.fd);
  }

  /** Bytes read into `into`, 0 at the end, or WOULD_BLOCK. */
  protected abstract receive(into: Uint8Array): number;
  /** After a turn. */
  protected abstract settle(): void;

  #end(): void {
    this.#ended = true;
    this.#update();
    this.batcher.flush();
    this.#sink.outputEnded();
  }

  #mustWaitForLog(): boolean {
    const ready = this.log?.ready();
    if (ready === undefined) return false;
    this.#waitsForLog = true;
    this.#update();
    void ready.then(() => {
      this.#waitsForLog = false;
      this.#update();
    });
    return true;
  }

  /** A hang-up is told even to who asks for nothing: who is paused must not be polled at all. */
  #update(): void {
    const wanted = !this.#paused && !this.#waitsForLog && !this.#ended;
    if (wanted === this.#polled) return;
    this.#polled = wanted;
    if (wanted) this.#poller.add(this.fd, Ready.readable, () => void this.drain());
    else this.#poller.remove(this.fd);
  }
}

/** Output that is read straight into memory: of a tty, or of a process without a log. */
export class DirectOutput extends ProcessOutput {
  protected receive(into: Uint8Array): number {
    return readAvailable(this.fd, into);
  }

  protected settle(): void {}
}

/**
 * Output that goes through a file on its way to the log. The kernel moves it from the pipe to the file in
 * one step, and how much of the file is logged is stored with each write to the log: a supervisor that is
 * killed at any point loses nothing and doubles nothing. The file's space is given back as it is logged.
 */
export class SpooledOutput extends ProcessOutput {
  readonly #path: string;
  /** Made when something comes. */
  #spool = -1;
  #end: number;
  #punched: number;
  #broken = false;

  constructor(
    poller: Poller,
    fd: number,
    stream: LogStream,
    log: ProcessLog,
    sink: OutputSink,
    spoolPath: string,
  ) {
    super(poller, fd, stream, log, sink);
    this.#path = spoolPath;
    const consumed = log.consumed[stream];
    this.#end = consumed;
    this.#punched = consumed - (consumed % PAGE);
  }

  /** Logs what a killed supervisor had taken from the pipe but not logged. */
  recover(): void {
    if (!existsSync(this.#path)) return;
    this.#openSpool();
    const from = this.#end;
    this.#end = Math.max(fstatSync(this.#spool).size, from);
    for (let at = from; at < this.#end; ) {
      const length = Math.min(buffer.length, this.#end - at);
      const count = readAt(this.#spool, buffer, length, at);
      if (count === 0) break;
      this.batcher.push(buffer.subarray(0, count));
      at += count;
    }
  }

  override start(): void {
    // What was held stands in the spool.
    super.start();
  }

  override close(): void {
    super.close();
    if (this.#spool >= 0) closeSync(this.#spool);
    this.#spool = -1;
  }

  #openSpool(): void {
    this.#spool = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  protected receive(into: Uint8Array): number {
    if (!this.#broken) {
      try {
        if (this.#spool < 0) this.#openSpool();
        const count = spliceToFile(this.fd, this.#spool, this.#end, into.length);
        if (count <= 0) return count;
        readAt(this.#spool, into, count, this.#end);
        this.#end += count;
        return count;
      } catch (error) {
        // No space for the spool: the container goes on, at the risk of a kill at a bad instant.
        this.#broken = true;
        console.error(`Cannot spool the output of a process: ${String(error)}`);
      }
    }
    const count = readAvailable(this.fd, into);
    if (count > 0) this.#end += count;
    return count;
  }

  protected settle(): void {
    const consumed = this.log?.consumed[this.stream] ?? 0;
    if (this.#broken || this.#spool < 0 || consumed - this.#punched < PUNCH_AT_LEAST) return;
    const to = consumed - (consumed % PAGE);
    punchHole(this.#spool, this.#punched, to - this.#punched);
    this.#punched = to;
  }
}
