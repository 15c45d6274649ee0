import { join } from "node:path";
import { openFifoReader, openFifoWriter } from "../linux/fifo.ts";
import { close } from "../linux/file.ts";
import { exitCodeOf, openPidfd } from "../linux/process.ts";
import type { RunningProcess, WitnessedExit } from "./protocol.ts";

/**
 * The daemon's hold on a running process, against the death of the supervisor: the reading ends of its
 * FIFOs keep what the process has written, even after its end, a duplicate of its tty's master keeps that
 * from hanging up, and a pidfd keeps the exit code. Nothing is read here.
 */
export class HeldProcess {
  readonly #id: string;
  readonly #pid: number;
  readonly #pidfd: number | undefined;
  readonly #fifos: number[];
  readonly tty: boolean;
  #master: number | undefined;
  #released = false;

  /** `directory` is the process's. */
  constructor(directory: string, { id, pid, tty, keepsStdin }: RunningProcess) {
    this.#id = id;
    this.#pid = pid;
    this.tty = tty;
    this.#pidfd = openPidfd(pid);
    this.#fifos = tty ? [] : openFifos(directory, keepsStdin);
  }

  /** How the process has ended; undefined while it lives, and where that cannot be known. */
  witness(): WitnessedExit | undefined {
    if (this.#pidfd === undefined) return undefined;
    const exitCode = exitCodeOf(this.#pidfd, this.#pid);
    return exitCode === undefined ? undefined : { id: this.#id, pid: this.#pid, exitCode };
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
    if (this.#master !== undefined) close(this.#master);
    this.#master = undefined;
    for (const fd of this.#fifos.splice(0)) close(fd);
    if (this.#pidfd !== undefined) close(this.#pidfd);
  }
}

/** A stdin that stays open across clients must stay open across supervisors too. */
function openFifos(directory: string, keepsStdin: boolean): number[] {
  const fds: number[] = [];
  try {
    fds.push(openFifoReader(join(directory, "stdout")), openFifoReader(join(directory, "stderr")));
    const stdin = keepsStdin ? openFifoWriter(join(directory, "stdin")) : undefined;
    if (stdin !== undefined) fds.push(stdin);
  } catch {
    // The process has been forgotten meanwhile.
  }
  return fds;
}
