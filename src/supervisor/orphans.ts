import { readdirSync, readFileSync } from "node:fs";
import { becomeSubreaper, reapChild, stateOf } from "../linux/process.ts";
import { processPaths } from "./process-paths.ts";
import { ProcessStore, storedProcesses } from "./process-store.ts";

/**
 * What a killed supervisor leaves comes to the daemon that had started it: the runtimes that were at work,
 * and the containers' processes. One that ends stays in the process table until it is reaped here, so that
 * the next supervisor learns how it has ended, however short it lived.
 */
export class Orphans {
  readonly #execRoot: string;
  #isHeir = false;

  constructor(execRoot: string) {
    this.#execRoot = execRoot;
  }

  /** Before the supervisor is started. */
  expect(): void {
    becomeSubreaper();
  }

  /** A supervisor has died. */
  inherit(): void {
    this.#isHeir = true;
  }

  /**
   * Those that have ended, save processes that are not forgotten yet. Of the children that the daemon waits
   * for itself, only those of its own program have other sessions than the daemon.
   */
  reap(): void {
    if (!this.#isHeir) return;
    const own = stateOf("self");
    const ended = children().filter((pid) => {
      const child = stateOf(pid);
      return child?.hasEnded && child.session !== own?.session && child.name !== own?.name;
    });
    if (ended.length === 0) return;
    const kept = this.#kept();
    for (const pid of ended) if (!kept.has(pid)) reapChild(pid);
  }

  #kept(): Set<number | undefined> {
    const ids = storedProcesses(this.#execRoot);
    const store = (id: string) => new ProcessStore(processPaths(this.#execRoot, id).directory);
    return new Set(ids.map((id) => store(id).readPid()));
  }
}

/** Those of all threads: an orphan goes to any of them (proc_tid_children(5)). */
function children(): number[] {
  return readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      const text = readFileSync(`/proc/self/task/${thread}/children`, "latin1");
      return text.split(" ").filter(Boolean).map(Number);
    } catch {
      // The thread has ended, or the kernel has no such file: then zombies stay until the daemon ends.
      return [];
    }
  });
}
