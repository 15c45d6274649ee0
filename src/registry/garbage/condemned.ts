import { randomUUID } from "node:crypto";
import type { RegistryStorage } from "../storage/registry-storage.ts";

const PREFIX = "gc/sentences";
/** A collector that died does not hold writers up for longer. Milliseconds. */
const LIFETIME = 30_000;
/** The collector stops this long before, so that clocks of several servers may differ a little. */
const MARGIN = 15_000;
const PAUSE = 20;

interface Sentence {
  readonly expiresAt: number;
  readonly keys: readonly string[];
}

/**
 * Keeps collectors and writers apart, over any number of servers. A collector announces the keys, then looks
 * at their dates again, then removes those that are still old. A writer renews the date, then looks at the
 * announcements. Whichever is second sees what the other did: the collector a young date, or the writer the
 * announcement, and it waits until that has passed and looks whether the object is there.
 *
 * Each collector has an announcement of its own, so that nothing is lost where two are at work: the lock
 * that prevents it cannot be perfect on every object store.
 */
export class Condemned {
  private readonly key = `${PREFIX}/${randomUUID()}`;

  constructor(private readonly storage: RegistryStorage) {}

  /** Resolves when none of the keys is about to be removed. */
  async passed(keys: readonly string[]): Promise<void> {
    while (await this.concerns(keys)) {
      // The collector may be another process on another machine: there is nothing to wait on but time.
      await Bun.sleep(PAUSE);
    }
  }

  /** Removes the keys that nobody has touched since `cutoff`. Returns those with their sizes. */
  async execute(
    keys: readonly string[],
    cutoff: number,
  ): Promise<{ removed: number; bytes: number }> {
    const expiresAt = Date.now() + LIFETIME;
    await this.storage.write(this.key, JSON.stringify({ expiresAt, keys } satisfies Sentence));
    let removed = 0;
    let bytes = 0;
    try {
      for (const key of keys) {
        const info = await this.storage.stat(key);
        const time = expiresAt - MARGIN - Date.now();
        if (time <= 0) break;
        if (info === undefined || info.modifiedAt >= cutoff) continue;
        await this.storage.remove(key, time);
        removed += 1;
        bytes += info.size;
      }
    } finally {
      await this.storage.remove(this.key);
    }
    return { removed, bytes };
  }

  /** Removes what collectors have left that died. */
  async forgetDead(): Promise<void> {
    for await (const { key, modifiedAt } of this.storage.list(PREFIX)) {
      if (modifiedAt < Date.now() - 2 * LIFETIME) await this.storage.remove(key);
    }
  }

  private async concerns(keys: readonly string[]): Promise<boolean> {
    for await (const { key } of this.storage.list(PREFIX)) {
      const bytes = await this.storage.read(key);
      if (bytes === undefined) continue;
      const sentence = JSON.parse(Buffer.from(bytes).toString()) as Sentence;
      if (sentence.expiresAt < Date.now()) continue;
      if (keys.some((wanted) => sentence.keys.includes(wanted))) return true;
    }
    return false;
  }
}
