import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ensureFifo, openFifoReader, openFifoWriter } from "../linux/fifo.ts";
import { close } from "../linux/file.ts";
import { exitCodeOf, openPidfd } from "../linux/process.ts";
import type { WitnessedExit } from "./protocol.ts";

export interface HeldProcessOptions {
  id: string;
  /** `<exec-root>/processes/<id>`. */
  directory: string;
  tty: boolean;
  /** Its stdin stays open whatever clients do. */
  keepsStdin: boolean;
}

/**
 * The daemon's hold on a process, against the death of the supervisor: the reading ends of its FIFOs keep
 * what the process has written, even after its end, a duplicate of its tty's master keeps that from hanging
 * up, and a pidfd keeps the exit code. Nothing is read here.
 */
export class HeldProcess {
  readonly tty: boolean;
  readonly #options: HeldProcessOptions;
  #pid = 0;
  #pidfd: number | undefined;
  #fifos: number[] = [];
  #master: number | undefined;
  #released = false;

  constructor(options: HeldProcessOptions) {
    this.#options = options;
    this.tty = options.tty;
  }

  /**
   * Before the start: a process may come to be, write and end while no supervisor lives, and what is in a
   * FIFO that nobody holds is gone.
   */
  prepare(): void {
    if (this.tty) return;
    const { directory } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const old = this.#fifos;
    this.#fifos = ["stdout", "stderr"].map((name) => {
      const path = join(directory, name);
      ensureFifo(path);
      return openFifoReader(path);
    });
    for (const fd of old) close(fd);
  }

  /** The process runs. */
  hold(pid: number): void {
    if (this.#released) return;
    this.#pid = pid;
    this.#pidfd = openPidfd(pid);
    if (this.tty) return;
    try {
      const { directory, keepsStdin } = this.#options;
      if (this.#fifos.length === 0) this.prepare();
      // A stdin that stays open across clients must stay open across supervisors too.
      const stdin = keepsStdin ? openFifoWriter(join(directory, "stdin")) : undefined;
      if (stdin !== undefined) this.#fifos.push(stdin);
    } catch {
      // The process has been forgotten meanwhile.
    }
  }

  /** How the process has ended; undefined while it lives, and where that cannot be known. */
  witness(): WitnessedExit | undefined {
    if (this.#pidfd === undefined) return undefined;
    const exitCode = exitCodeOf(this.#pidfd, this.#pid);
    return exitCode === undefined ? undefined : { id: this.#options.id, pid: this.#pid, exitCode };
  }

  /** A duplicate of the tty's master. */
  get master(): number | undefined {
    return this.#master;
  }

  keepTerminal(master: number | undefined): void {
    if (this.#released && master !== undefined) close(master);
    else this.#master = master;
  }

  release(): void {
    this.#released = true;
    for (const fd of this.#fifos.splice(0)) close(fd);
    for (const fd of [this.#master, this.#pidfd]) {
      if (fd !== undefined) close(fd);
    }
    this.#master = undefined;
    this.#pidfd = undefined;
  }
}
