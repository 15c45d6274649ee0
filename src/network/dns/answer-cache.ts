import { age, isTruncated, Rcode, rcodeOf, recordTimes, setId } from "./message-bytes.ts";

const MAX_ENTRIES = 4096;
const MAX_ENTRY_BYTES = 4096;
/** Longer is not believed (RFC 8767 suggests a bound of days; addresses move faster). */
const MAX_SECONDS = 3600;

interface Entry {
  bytes: Uint8Array;
  offsets: readonly number[];
  storedAt: number;
  expiresAt: number;
}

/** Answers of upstream servers, for as long as their records say, the least recently used thrown out. */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #maximum: number;

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now(), maximum = MAX_ENTRIES) {
    this.#now = now;
    this.#maximum = maximum;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A copy for one client, with its id and with TTLs as they are now. */
  get(key: string, id: number): Uint8Array | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    const now = this.#now();
    if (now >= entry.expiresAt) return undefined;
    this.#entries.set(key, entry);
    const bytes = new Uint8Array(entry.bytes);
    setId(bytes, id);
    age(bytes, entry.offsets, Math.floor((now - entry.storedAt) / 1000));
    return bytes;
  }

  /** Keeps an answer if it may be kept. */
  put(key: string, answer: Uint8Array): void {
    const rcode = rcodeOf(answer);
    if (isTruncated(answer) || answer.length > MAX_ENTRY_BYTES) return;
    if (rcode !== Rcode.noError && rcode !== Rcode.nameError) return;
    const times = recordTimes(answer);
    const seconds = Math.min(times?.seconds ?? 0, MAX_SECONDS);
    if (times === undefined || seconds <= 0) return;
    const storedAt = this.#now();
    const { offsets } = times;
    const bytes = new Uint8Array(answer);
    this.#entries.set(key, { bytes, offsets, storedAt, expiresAt: storedAt + seconds * 1000 });
    if (this.#entries.size <= this.#maximum) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
