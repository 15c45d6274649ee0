import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, statfsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDirectory, lstatIfAny } from "../../linux/stat.ts";

/** Deleting waits this long, so that it does not compete with what its caller does next. Milliseconds. */
const REST = 20;

/**
 * A process that was left over may still be writing there. What cannot be deleted at all (an immutable file,
 * say) is tried again after the next start.
 */
const ATTEMPTS = 4;

/** While layers are unpacked deleting waits, for as long as this for each directory. Milliseconds. */
const PATIENCE = 10_000;
/** Between two layers of one image nobody unpacks for a moment. Milliseconds. */
const PAUSE_BETWEEN = 250;
/** Where less than this share of the file system is free, room counts more than speed. */
const LITTLE_ROOM = 0.1;

/**
 * Directories on their way out: renamed aside at once, deleted in the background one by one. What a crash
 * leaves is deleted after the next start.
 */
export class Trash {
  readonly #directory: string;
  #queue: Promise<void> = Promise.resolve();
  #pending = 0;
  #busy = 0;
  #busyUntil = 0;

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

  /**
   * Says that files are being written until it is disposed of: deleting at the same time would slow both
   * down, several times over where they share a file system's journal.
   */
  giveWay(): Disposable {
    this.#busy++;
    return {
      [Symbol.dispose]: () => {
        this.#busy--;
        this.#busyUntil = performance.now() + PAUSE_BETWEEN;
      },
    };
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
        await this.#remove(path).catch(() => undefined);
      }
      this.#pending--;
    });
  }

  /** One after the other what stands in it: other names deeper down may be changed by who was left over. */
  async #remove(path: string): Promise<void> {
    const status = lstatIfAny(path);
    const inside = status !== undefined && isDirectory(status) ? readdirSync(path) : [];
    for (const place of [...inside.map((name) => join(path, name)), path]) {
      await this.#quiet();
      await rm(place, { recursive: true, force: true });
    }
  }

  async #quiet(): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const now = performance.now();
      const isQuiet = this.#busy === 0 && now >= this.#busyUntil;
      if (isQuiet || now >= deadline || this.#hasLittleRoom()) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_BETWEEN));
    }
  }

  #hasLittleRoom(): boolean {
    const { bavail, blocks } = statfsSync(this.#directory);
    return bavail < blocks * LITTLE_ROOM;
  }
}
