import { MAX_LINE_PIECE } from "../logs/index.ts";

const NEWLINE = 0x0a;

/**
 * Cuts a stream into what a log takes: all whole lines that arrived together, and pieces of 16 KiB of a
 * line that is longer. What is neither is held until more comes.
 */
export class LineBatcher {
  #held: Uint8Array = new Uint8Array();
  readonly #write: (bytes: Uint8Array) => void;

  /** `write` must not keep the bytes. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  get held(): Uint8Array {
    return this.#held;
  }

  /** Copies what it holds back; `bytes` may be reused. */
  push(bytes: Uint8Array): void {
    const newline = bytes.lastIndexOf(NEWLINE);
    if (newline < 0 && this.#held.length + bytes.length < MAX_LINE_PIECE) {
      this.#held = Buffer.concat([this.#held, bytes]);
      return;
    }
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const lines = newline < 0 ? 0 : this.#held.length + newline + 1;
    const rest = all.length - lines;
    const end = lines + rest - (rest % MAX_LINE_PIECE);
    this.#write(all.subarray(0, end));
    this.#held = all.slice(end);
  }

  /** The stream's end: what is held is a line without a newline. */
  flush(): void {
    const held = this.#held;
    this.#held = new Uint8Array();
    if (held.length > 0) this.#write(held);
  }
}
