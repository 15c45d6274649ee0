import { type ChildExit, peekExitedChild, reapChild } from "../linux/process.ts";

/**
 * Waits for children: those that were started, and the orphans that a subreaper inherits. A child is
 * reaped after its exit has been dealt with, so that the code is on disk by then.
 */
export class ChildReaper {
  readonly #waiting = new Map<number, (exitCode: number) => void>();
  /** Exits of children nobody waits for yet, while somebody may still come. */
  readonly #unclaimed = new Map<number, number>();
  readonly #onUnclaimed: (exit: ChildExit) => void;
  #expecting = 0;
  readonly #onSignal = (): void => this.reap();

  /** `onUnclaimed` may store an exit that is kept for a later `wait`, before the child is reaped. */
  constructor(onUnclaimed: (exit: ChildExit) => void = () => {}) {
    this.#onUnclaimed = onUnclaimed;
  }

  start(): void {
    process.on("SIGCHLD", this.#onSignal);
    this.reap();
  }

  stop(): void {
    process.off("SIGCHLD", this.#onSignal);
  }

  /** Calls back once, at once if the child has ended already; within `expect` alone. */
  wait(pid: number, onExit: (exitCode: number) => void): void {
    const exitCode = this.#unclaimed.get(pid);
    if (exitCode === undefined) this.#waiting.set(pid, onExit);
    else {
      this.#unclaimed.delete(pid);
      onExit(exitCode);
    }
  }

  /** While it runs, exits of unknown children are kept for a later `wait`. */
  async expect<T>(action: () => Promise<T>): Promise<T> {
    this.#expecting++;
    try {
      return await action();
    } finally {
      if (--this.#expecting === 0) this.#unclaimed.clear();
    }
  }

  /** Signals of several exits may come as one. */
  reap(): void {
    for (;;) {
      const exit = peekExitedChild();
      if (exit === undefined) return;
      this.#deliver(exit);
      reapChild(exit.pid);
    }
  }

  #deliver(exit: ChildExit): void {
    const { pid, exitCode } = exit;
    const onExit = this.#waiting.get(pid);
    this.#waiting.delete(pid);
    try {
      if (onExit !== undefined) onExit(exitCode);
      else if (this.#expecting > 0) {
        this.#unclaimed.set(pid, exitCode);
        this.#onUnclaimed(exit);
      }
    } catch (error) {
      console.error(error);
    }
  }
}
