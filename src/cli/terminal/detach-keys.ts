const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const CONTROL: Record<string, number> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

/** `ctrl-p,ctrl-q`: what leaves a container without stopping it unless something else is chosen. */
export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** The bytes of `ctrl-p,ctrl-q` or `a,b,ctrl-@`. Throws for an unknown key. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(",").map(keyCode));
}

function keyCode(key: string): number {
  if (key.length === 1) return key.charCodeAt(0);
  const [, name] = /^ctrl-(.)$/i.exec(key) ?? [];
  const letter = LETTERS.indexOf((name ?? "").toLowerCase());
  const code = letter >= 0 && name !== undefined ? letter + 1 : CONTROL[name ?? ""];
  if (code === undefined) throw new Error(`Unknown character: '${key}'`);
  return code;
}

/**
 * Finds the detach keys in what is typed. The start of a possible sequence is held back until the next
 * key tells; `detached` ends the input.
 */
export class DetachKeyFilter {
  readonly #keys: Uint8Array;
  #matched = 0;
  detached = false;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** The bytes to pass on. */
  push(chunk: Uint8Array): Uint8Array {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched < this.#keys.length) continue;
        this.detached = true;
        break;
      }
      passed.push(...this.#keys.subarray(0, this.#matched));
      const restarts = byte === this.#keys[0];
      this.#matched = restarts ? 1 : 0;
      if (!restarts) passed.push(byte);
    }
    return Uint8Array.from(passed);
  }
}
