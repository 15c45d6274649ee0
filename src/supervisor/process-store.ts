import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../linux/errno.ts";
import type { ChildExit } from "../linux/process.ts";
import type { ProcessExit, ProcessRequest } from "./supervisor.ts";

const RECORD = "record.jsonl";

/** What is stored of a process: one line of JSON for each of these, as they come. */
export interface StoredProcess {
  request: ProcessRequest;
  /** Absent while the runtime is at work. */
  running?: StoredRunning;
  /** It has ended while the runtime was still at work. */
  early?: ChildExit;
  exit?: ProcessExit;
}

export interface StoredRunning {
  pid: number;
  /** Names the process together with its pid: see `processStartTime`. */
  startTime: number;
  startedAt: string;
}

/**
 * The files of one process below `<exec-root>/processes/<id>`. The record is only appended to, a line with one
 * write(2), which a kill cannot cut in two; no more files are made than must be, because each start waits
 * for them.
 */
export class ProcessStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** The directory may be there, with the FIFOs that the daemon has made to hold them. */
  create(request: ProcessRequest): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.path(RECORD), encode({ request }), { mode: 0o600 });
  }

  saveRunning(running: StoredRunning): void {
    this.#append({ running });
  }

  saveEarlyEnd(early: ChildExit): void {
    this.#append({ early });
  }

  /** Before anybody hears of it. */
  saveExit(exit: ProcessExit): void {
    this.#append({ exit });
  }

  /** Undefined where not even the request was stored. */
  load(): StoredProcess | undefined {
    const lines = (this.read(RECORD) ?? "").split("\n").slice(0, -1);
    if (lines.length === 0) return undefined;
    return Object.assign({}, ...lines.map((line) => JSON.parse(line) as object)) as StoredProcess;
  }

  /** A small file's text; undefined if it is not there. */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.path(name), "utf8");
    } catch (error) {
      if (isErrno(error, Errno.ENOENT)) return undefined;
      throw error;
    }
  }

  /** What the runtime has written to its pid-file. */
  readPid(): number | undefined {
    const pid = Number.parseInt(this.read("pid") ?? "", 10);
    return pid > 0 ? pid : undefined;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #append(part: Partial<StoredProcess>): void {
    appendFileSync(this.path(RECORD), encode(part));
  }
}

const encode = (part: Partial<StoredProcess>): string => `${JSON.stringify(part)}\n`;

/** The processes that a supervisor before has left. */
export function storedProcesses(execRoot: string): string[] {
  try {
    return readdirSync(join(execRoot, "processes"));
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return [];
    throw error;
  }
}
