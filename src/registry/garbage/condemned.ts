import type { RegistryStorage } from "../storage/registry-storage.ts";

const KEY = "gc/condemned";
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
 * Keeps the collector and writers apart, over any number of servers. The collector announces the keys,
 * then looks at their dates again, then removes those that are still old. A writer renews the date, then
 * looks at the announcement. Whichever is second sees what the other did: the collector a young date, or
 * the writer the announcement, and it waits until that has passed and looks whether the object is there.
 */
export class Condemned {
  constructor(private readonly storage: RegistryStorage) {}

  /** Resolves when none of the keys is about to be removed. */
  async passed(keys: readonly string[]): Promise<void> {
    for (;;) {
      const bytes = await this.storage.read(KEY);
      if (bytes === undefined) return;
      const sentence = JSON.parse(Buffer.from(bytes).toString()) as Sentence;
      if (sentence.expiresAt < Date.now() || !keys.some((key) => sentence.keys.includes(key)))
        return;
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
    await this.storage.write(KEY, JSON.stringify({ expiresAt, keys } satisfies Sentence));
    let removed = 0;
    let bytes = 0;
    try {
      for (const key of keys) {
        const info = await this.storage.stat(key);
        if (Date.now() > expiresAt - MARGIN) break;
        if (info === undefined || info.modifiedAt >= cutoff) continue;
        await this.storage.remove(key);
        removed += 1;
        bytes += info.size;
      }
    } finally {
      await this.storage.remove(KEY);
    }
    return { removed, bytes };
  }
}
