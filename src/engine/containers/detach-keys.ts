import { invalidArgument } from "../../spec/index.ts";

/** Ctrl-P Ctrl-Q. */
export const DEFAULT_DETACH_KEYS: Uint8Array = Uint8Array.of(16, 17);

const CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/** `ctrl-p,ctrl-q` or `a,ctrl-]` as bytes; empty means the default. Throws Docker's words. */
export function parseDetachKeys(text: string | undefined): Uint8Array {
  if (text === undefined || text === "") return DEFAULT_DETACH_KEYS;
  const keys = text.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    if (key === "DEL") return 127;
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    const code = control === undefined ? -1 : CONTROL.indexOf(control);
    if (code < 0) throw invalidArgument(`Invalid detach keys (${text}) provided`);
    return code;
  });
  return Uint8Array.from(keys);
}

/**
 * Looks for the detach keys in what a terminal sends, across chunks. Bytes that may be the beginning of
 * the sequence are held back until the next ones decide; none is ever lost.
 */
export class DetachScanner {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What goes on to the container, and whether the sequence is complete; nothing follows it then. */
  scan(chunk: Uint8Array): { output: Uint8Array; detached: boolean } {
    const keys = this.#keys;
    if (keys.length === 0) return { output: chunk, detached: false };
    if (this.#matched === 0 && !chunk.includes(keys[0] ?? -1)) {
      return { output: chunk, detached: false };
    }
    const held = keys.subarray(0, this.#matched);
    const bytes = Buffer.concat([held, chunk]);
    let from = 0;
    let matched = this.#matched;
    for (let at = held.length; at < bytes.length; at++) {
      matched = this.#advance(matched, bytes[at] ?? -1);
      if (matched === keys.length) {
        this.#matched = 0;
        from = at + 1 - matched;
        return { output: bytes.subarray(0, from), detached: true };
      }
    }
    this.#matched = matched;
    return { output: bytes.subarray(0, bytes.length - matched), detached: false };
  }

  /** The bytes still held back; call at the end of the stream. */
  flush(): Uint8Array {
    const held = this.#keys.slice(0, this.#matched);
    this.#matched = 0;
    return held;
  }

  /** Length of the longest beginning of the sequence that ends with `byte`, after `matched` bytes of it. */
  #advance(matched: number, byte: number): number {
    const seen = [...this.#keys.subarray(0, matched), byte];
    for (let length = seen.length; length > 0; length--) {
      const tail = seen.slice(seen.length - length);
      if (tail.every((value, index) => value === this.#keys[index])) return length;
    }
    return 0;
  }
}
