type Token = { readonly any?: "one" | "many"; readonly char?: string };

/**
 * A pattern of `${name#pattern}`: `*`, `?` and escapes of these. Matched without backtracking: time is
 * at most the product of both lengths. Throws an `Error` for an escape that means nothing.
 */
export class ShellPattern {
  readonly #tokens: readonly Token[];

  private constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  static parse(pattern: string): ShellPattern {
    const characters = Array.from(pattern);
    const tokens: Token[] = [];
    for (let at = 0; at < characters.length; at += 1) {
      const character = characters[at] ?? "";
      if (character === "*") tokens.push({ any: "many" });
      else if (character === "?") tokens.push({ any: "one" });
      else if (character === "\\") {
        at += 1;
        const escaped = characters[at] ?? "";
        if (!/^[*?\\/}]$/.test(escaped)) throw new Error(`invalid escape '\\${escaped}'`);
        tokens.push({ char: escaped });
      } else tokens.push({ char: character });
    }
    return new ShellPattern(tokens);
  }

  trimPrefix(value: string, longest: boolean): string {
    const characters = Array.from(value);
    const end = this.#matchEnd(characters, 0, longest);
    return end === undefined ? value : characters.slice(end).join("");
  }

  trimSuffix(value: string, longest: boolean): string {
    const backwards = Array.from(value).reverse();
    const end = new ShellPattern(this.#tokens.toReversed()).#matchEnd(backwards, 0, longest);
    return end === undefined ? value : backwards.slice(end).reverse().join("");
  }

  /** Longest matches, from the left. An empty pattern replaces nothing. */
  replace(value: string, replacement: string, all: boolean): string {
    if (this.#tokens.length === 0) return value;
    const characters = Array.from(value);
    if (characters.length === 0) return this.#matchEnd([], 0, true) === 0 ? replacement : value;
    const out: string[] = [];
    for (let at = 0; at < characters.length; ) {
      const end = this.#matchEnd(characters, at, true);
      if (end === undefined || end === at) {
        out.push(characters[at] ?? "");
        at += 1;
        continue;
      }
      out.push(replacement);
      at = end;
      if (!all) return out.join("") + characters.slice(at).join("");
    }
    return out.join("");
  }

  /** Where a match that begins at `start` ends; all states of the pattern advance together. */
  #matchEnd(characters: readonly string[], start: number, longest: boolean): number | undefined {
    const final = this.#tokens.length;
    let states = this.#close(new Set([0]));
    let found: number | undefined;
    for (let at = start; ; at += 1) {
      if (states.has(final)) {
        found = at;
        if (!longest) return found;
      }
      const character = characters[at];
      if (character === undefined || states.size === 0) return found;
      states = this.#close(this.#step(states, character));
    }
  }

  #step(states: ReadonlySet<number>, character: string): Set<number> {
    const next = new Set<number>();
    for (const state of states) {
      const token = this.#tokens[state];
      if (token === undefined) continue;
      if (token.any === "many") next.add(state);
      else if (token.any === "one" || token.char === character) next.add(state + 1);
    }
    return next;
  }

  /** `*` may stand for nothing. */
  #close(states: Set<number>): Set<number> {
    for (const state of states) {
      if (this.#tokens[state]?.any === "many") states.add(state + 1);
    }
    return states;
  }
}
