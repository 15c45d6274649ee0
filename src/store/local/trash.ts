import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lstatIfAny } from "../../linux/stat.ts";

/** Deleting waits this long, so that it does not compete with what its caller does next. Milliseconds. */
const REST = 20;

/**
 * A process that was left over may still be writing there. What cannot be deleted at all (an immutable file,
 * say) is tried again after the next start.
 */
const ATTEMPTS = 4;

/**
 * Directories on their way out: renamed aside at once, deleted in the background one by one. What a crash
 * leaves is deleted after the next start.
 */
export class Trash {
  readonly #directory: string;
  #queue: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Goes on with what an earlier process has left. */
  resume(): void {
    for (const name of readdirSync(this.#directory)) this.#delete(join(this.#directory, name));
  }

  /** Moves a path out of the way, if it is there. It must be on the trash's file system. */
  discard(path: string): void {
    if (lstatIfAny(path) === undefined) return;
    const aside = join(this.#directory, randomBytes(8).toString("hex"));
    renameSync(path, aside);
    this.#delete(aside);
  }

  /** Resolves when nothing waits for deletion. */
  async idle(): Promise<void> {
    while (this.#pending > 0) await this.#queue;
  }

  #delete(path: string): void {
    this.#pending++;
    this.#queue = this.#queue.then(async () => {
      for (let attempt = 0; attempt < ATTEMPTS && lstatIfAny(path) !== undefined; attempt++) {
        await new Promise((resolve) => setTimeout(resolve, REST * (1 + attempt)));
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
      }
      this.#pending--;
    });
  }
}
