import { errorMessage } from "../../spec/index.ts";
import type { TrashedVolume, VolumeTrash } from "../../store/index.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

export interface TrashSettings {
  /** How long a removed volume can be brought back, milliseconds; 0: removals are final. */
  keep: number;
  /** What they may take of the disk, bytes; undefined: a tenth of the file system. */
  limit: number | undefined;
}

export interface TrashKeeperOptions {
  trash: VolumeTrash;
  settings: TrashSettings;
  clock: Clock;
  log: Log;
  /** Of the file system that the volumes are on, bytes. */
  disk(): { total: number; free: number };
}

/** Free space below this share of the disk: removed volumes go before their time. */
const SHORT_OF_DISK = 0.05;
const DEFAULT_SHARE = 0.1;
/** Between two looks at the free space while there is something that could go. Milliseconds. */
const LOOK = 60_000;

/**
 * Lets go of removed volumes: when their time is over, when together they take more than their share (the
 * oldest first; the latest one stays), and when the disk runs short.
 */
export class TrashKeeper {
  readonly #options: TrashKeeperOptions;
  /** What is in the trash does not change: it is measured once. */
  readonly #sizes = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #tending: Promise<void> | undefined;
  #again = false;
  #relievedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TrashKeeperOptions) {
    this.#options = options;
  }

  /** Are removed volumes kept at all? */
  get enabled(): boolean {
    return this.#options.settings.keep > 0;
  }

  expiry({ removedAt }: TrashedVolume): number {
    return Date.parse(removedAt) + this.#options.settings.keep;
  }

  /** Of the files, bytes. */
  async size({ id }: TrashedVolume): Promise<number> {
    const known = this.#sizes.get(id);
    if (known !== undefined) return known;
    const { bytes } = await this.#options.trash.usage(id);
    this.#sizes.set(id, bytes);
    return bytes;
  }

  /** Lets go of what has to go now, and looks again in time. Call it after every removal. */
  tend(): Promise<void> {
    this.#again = true;
    this.#tending ??= this.#run().finally(() => {
      this.#tending = undefined;
    });
    return this.#tending;
  }

  stop(): void {
    this.#cancel?.();
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#letGo();
      } catch (error) {
        this.#options.log.warn("Cannot tend the removed volumes", { error: errorMessage(error) });
      }
    }
    this.#lookAgain();
  }

  async #letGo(): Promise<void> {
    const { trash, settings, clock, disk } = this.#options;
    const { total, free } = disk();
    const limit = settings.limit ?? total * DEFAULT_SHARE;
    let kept = 0;
    const staying: TrashedVolume[] = [];
    for (const [index, trashed] of trash.list().entries()) {
      const size = await this.size(trashed);
      const expired = this.expiry(trashed) <= clock.now();
      if (expired || (index > 0 && kept + size > limit)) this.#delete(trashed);
      else {
        staying.push(trashed);
        kept += size;
      }
    }
    await this.#relieve(total * SHORT_OF_DISK - free, staying.reverse());
  }

  /** The oldest first. What was let go of a moment ago may not be deleted yet: that is no reason for more. */
  async #relieve(missing: number, candidates: readonly TrashedVolume[]): Promise<void> {
    const now = this.#options.clock.now();
    if (missing <= 0 || now - this.#relievedAt < LOOK) return;
    this.#relievedAt = now;
    let left = missing;
    for (const trashed of candidates) {
      if (left <= 0) break;
      left -= await this.size(trashed);
      this.#delete(trashed);
    }
  }

  #delete({ id, volume }: TrashedVolume): void {
    this.#options.trash.delete(id);
    this.#sizes.delete(id);
    this.#options.log.info("A removed volume is gone for good", { volume: volume.name });
  }

  #lookAgain(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const trashed = this.#options.trash.list();
    if (trashed.length === 0) return;
    const first = Math.min(...trashed.map((one) => this.expiry(one)));
    const delay = Math.max(1, Math.min(LOOK, first - this.#options.clock.now()));
    this.#cancel = this.#options.clock.after(delay, () => void this.tend());
  }
}
