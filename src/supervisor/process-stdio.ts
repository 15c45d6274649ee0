import { closeSync, constants, openSync } from "node:fs";
import { readAvailable } from "../linux/descriptor.ts";
import { openInputFifo, openOutputFifo } from "../linux/fifo.ts";
import { close, open } from "../linux/file.ts";
import {
  acceptUnix,
  listenUnix,
  pathInDirectory,
  receiveDescriptor,
} from "../linux/unix-socket.ts";
import type { ProcessStore } from "./process-store.ts";
import type { ProcessRequest } from "./supervisor.ts";

/** Enough that a process does not wait while the supervisor is replaced; memory is used when it is filled. */
const FIFO_CAPACITY = 256 * 1024;
const MAX_FAILURE_TEXT = 64 * 1024;

/** What a process's stdio consists of on our side. */
export interface OpenStdio {
  stdin?: number;
  stdout?: number;
  stderr?: number;
  master?: number;
}

/** The descriptors for one start of the runtime. */
export interface RuntimeStdio {
  /** The runtime's descriptor → ours. */
  files: Map<number, number>;
  ours: OpenStdio;
  /** Closes what the runtime has got by now. */
  closeTheirs(): void;
  /** Takes the pty's master; throws when the runtime has not sent it. */
  receiveMaster(): number;
  /** What the runtime itself has written to its standard error. */
  readStderr(): string;
  /** Closes what only a start needs. */
  settle(): void;
}

/** FIFOs that the process inherits from the runtime. */
export function openFifoStdio(store: ProcessStore, openStdin: boolean): RuntimeStdio {
  const stdin = openStdin ? openInputFifo(store.path("stdin")) : undefined;
  const stdout = openOutputFifo(store.path("stdout"), FIFO_CAPACITY);
  const stderr = openOutputFifo(store.path("stderr"), FIFO_CAPACITY);
  const theirStdin = stdin?.theirs ?? open("/dev/null", constants.O_RDONLY);
  const theirs = [theirStdin, stdout.theirs, stderr.theirs];
  return {
    files: new Map(theirs.map((fd, target) => [target, fd])),
    ours: {
      ...(stdin === undefined ? {} : { stdin: stdin.ours }),
      stdout: stdout.ours,
      stderr: stderr.ours,
    },
    closeTheirs: () => theirs.forEach(close),
    receiveMaster: () => {
      throw new Error("Cannot receive a terminal: none was asked for");
    },
    readStderr: () => readText(stderr.ours) || readText(stdout.ours),
    settle: () => {},
  };
}

/** A socket to which the runtime sends the pty's master; its own output goes to a file. */
export function openConsoleStdio(store: ProcessStore): RuntimeStdio {
  const directory = open(store.directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const listener = listenUnix(pathInDirectory(directory, "console.sock"));
  const nothing = open("/dev/null", constants.O_RDWR);
  const output = openSync(store.path("runtime-output"), "w+", 0o600);
  return {
    // The runtime finds the socket by way of its descriptor 3: see ProcessPaths.consoleSocket.
    files: new Map([
      [0, nothing],
      [1, output],
      [2, output],
      [3, directory],
    ]),
    ours: {},
    closeTheirs: () => [nothing, directory].forEach(close),
    receiveMaster: () => receiveMaster(listener),
    readStderr: () => store.read("runtime-output")?.slice(0, MAX_FAILURE_TEXT) ?? "",
    settle: () => {
      close(listener);
      closeSync(output);
    },
  };
}

export function openRuntimeStdio(store: ProcessStore, request: ProcessRequest): RuntimeStdio {
  return request.tty ? openConsoleStdio(store) : openFifoStdio(store, request.openStdin);
}

function receiveMaster(listener: number): number {
  const connection = acceptUnix(listener);
  if (connection === undefined)
    throw new Error("Cannot receive the terminal: the runtime sent none");
  try {
    const master = receiveDescriptor(connection);
    if (master !== undefined) return master;
    throw new Error("Cannot receive the terminal: the runtime sent none");
  } finally {
    close(connection);
  }
}

function readText(fd: number): string {
  const bytes = new Uint8Array(new ArrayBuffer(MAX_FAILURE_TEXT));
  return new TextDecoder().decode(bytes.subarray(0, Math.max(readAvailable(fd, bytes), 0)));
}

export function closeStdio(stdio: OpenStdio): void {
  for (const fd of Object.values(stdio)) close(fd);
}
