import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../linux/errno.ts";
import type { ProcessExit, ProcessRequest } from "./supervisor.ts";

/** What is stored of a process while it starts and runs. */
export interface StoredProcess {
  request: ProcessRequest;
  /** Absent while the runtime is at work. */
  running?: {
    pid: number;
    /** Names the process together with its pid: see `processStartTime`. */
    startTime: number;
    startedAt: string;
  };
}

/** The files of one process below `<exec-root>/processes/<id>`. */
export class ProcessStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  create(stored: StoredProcess): void {
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.save(stored);
  }

  save(stored: StoredProcess): void {
    this.#write("record.json", JSON.stringify(stored));
  }

  load(): StoredProcess | undefined {
    const text = this.read("record.json");
    return text === undefined ? undefined : (JSON.parse(text) as StoredProcess);
  }

  /** Before anybody hears of it. */
  saveExit(exit: ProcessExit): void {
    this.#write("exit.json", JSON.stringify(exit));
  }

  loadExit(): ProcessExit | undefined {
    const text = this.read("exit.json");
    return text === undefined ? undefined : (JSON.parse(text) as ProcessExit);
  }

  /** The runtime's own process, so that a successor can wait for it. */
  saveRuntimePid(pid: number): void {
    writeFileSync(this.path("runtime-pid"), String(pid), { mode: 0o600 });
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

  #write(name: string, text: string): void {
    const temporary = this.path(`${name}.new`);
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, this.path(name));
  }
}

/** The processes that a supervisor before has left. */
export function storedProcesses(execRoot: string): string[] {
  try {
    return readdirSync(join(execRoot, "processes"));
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return [];
    throw error;
  }
}
