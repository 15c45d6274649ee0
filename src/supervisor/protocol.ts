/**
 * What goes over `<exec-root>/supervisor.sock`. A client's first line is a `Hello`, the answer a
 * `Welcome`; before that it sends no more. On a control connection lines of JSON follow: `ControlRequest`s one way, `ControlResponse`s
 * and `ControlEvent`s the other. On an attach connection raw bytes follow: the process's input one way,
 * its output the other (Docker's multiplexed frames, or the bytes of a tty); each half ends by itself.
 */
import type { AttachOptions, ProcessExit, ProcessRecord, ProcessRequest } from "./supervisor.ts";

/** Raised with every change of this file or of what is handed over at an upgrade. */
export const PROTOCOL_VERSION = 1;

/** The exit of a process that ended while no supervisor lived, as the daemon's pidfd tells it. */
export interface WitnessedExit {
  id: string;
  pid: number;
  exitCode: number;
}

export type Hello =
  | { hello: "control"; exits: WitnessedExit[] }
  | { hello: "attach"; id: string; options: AttachOptions }
  /** Asks for a duplicate of a tty's master; it comes with the welcome (SCM_RIGHTS). */
  | { hello: "take-terminal"; id: string }
  /** Brings one to a supervisor that has lost it: sent after the welcome; the end says that it has come. */
  | { hello: "give-terminal"; id: string };

export type Welcome =
  | { welcome: "control"; version: number; pid: number; processes: RunningProcess[] }
  | { welcome: "attach" }
  | { welcome: "terminal" };

/** A process whose stdio the daemon should hold too, in case the supervisor dies. */
export interface RunningProcess {
  id: string;
  pid: number;
  tty: boolean;
  /** The supervisor has lost its tty, and asks for it back. */
  lacksTerminal: boolean;
  /** Its stdin stays open whatever clients do. */
  keepsStdin: boolean;
}

export interface ControlMethods {
  start: { params: { request: ProcessRequest }; result: { pid: number } };
  resize: { params: { id: string; rows: number; columns: number }; result: null };
  processes: { params: null; result: ProcessRecord[] };
  forget: { params: { id: string }; result: null };
  /** Replaces the supervisor's program by another, in the same process. Answered by the new one. */
  upgrade: { params: { command: string[] }; result: null };
}

export type ControlMethod = keyof ControlMethods;

export type ControlRequest = {
  [Method in ControlMethod]: {
    id: number;
    method: Method;
    params: ControlMethods[Method]["params"];
  };
}[ControlMethod];

export interface WireError {
  kind: string;
  message: string;
  /** Present for a failure of the runtime. */
  runtime?: { exitStatus: number; stderr: string; runtimeLog: string };
}

export type ControlResponse = { id: number; result: unknown } | { id: number; error: WireError };
export type ControlEvent = { event: "exit"; exit: ProcessExit };

const encoder = new TextEncoder();

export function encodeLine(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

/** Cuts a byte stream into lines of JSON. */
export class LineDecoder {
  #held: Uint8Array = new Uint8Array();

  /** Keeps a copy of what is not yet a line. */
  push(bytes: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, bytes]);
  }

  /** The next line's value; undefined when none is complete. */
  next(): unknown {
    const newline = this.#held.indexOf(0x0a);
    if (newline < 0) return undefined;
    const line = new TextDecoder().decode(this.#held.subarray(0, newline));
    this.#held = this.#held.subarray(newline + 1);
    return JSON.parse(line);
  }

  /** What came behind the last line. */
  get rest(): Uint8Array {
    return this.#held;
  }
}

/** The header of one of Docker's multiplexed frames, followed by the bytes. */
export function encodeFrame(stream: 1 | 2, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(new ArrayBuffer(8 + bytes.length));
  frame[0] = stream;
  new DataView(frame.buffer).setUint32(4, bytes.length);
  frame.set(bytes, 8);
  return frame;
}
