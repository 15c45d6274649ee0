import { quoteGo } from "../format/quote-go.ts";
import type { Flag, Flags, FlagValues, ParsedFlags } from "./flag.ts";

/** What was wrong with a flag, in the words of Docker's CLI. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** Thrown when help is asked for (`--help`, or `-h` where no flag has that letter). */
export class HelpRequested extends Error {
  override readonly name = "HelpRequested";
  readonly shorthand: boolean;

  constructor(shorthand: boolean) {
    super("help requested");
    this.shorthand = shorthand;
  }
}

interface Named {
  readonly name: string;
  readonly flag: Flag<unknown>;
}

/**
 * Reads flags and arguments as POSIX and GNU do: `-it`, `-p80:80`, `--name=x`, `--name x`, `--`.
 *
 * @param interspersed false: flags end at the first argument (`run IMAGE ls -l`).
 */
export function parseFlags<F extends Flags>(
  flags: F,
  argv: readonly string[],
  { interspersed }: { interspersed: boolean },
): ParsedFlags<F> {
  const parser = new FlagParser(flags, argv);
  const args = parser.run(interspersed);
  return { values: parser.values as FlagValues<F>, changed: parser.changed, args };
}

class FlagParser {
  readonly values: Record<string, unknown> = {};
  readonly changed = new Set<string>();
  readonly #byName = new Map<string, Named>();
  readonly #byLetter = new Map<string, Named>();
  readonly #rest: string[];

  constructor(flags: Flags, argv: readonly string[]) {
    this.#rest = [...argv];
    for (const [name, flag] of Object.entries(flags)) {
      this.values[name] = flag.initial;
      for (const each of [name, ...(flag.otherNames ?? [])]) this.#byName.set(each, { name, flag });
      if (flag.short !== undefined) this.#byLetter.set(flag.short, { name, flag });
    }
  }

  run(interspersed: boolean): string[] {
    const args: string[] = [];
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      if (word === "--") return [...args, ...this.#rest];
      if (word.startsWith("--")) {
        this.#long(word);
      } else if (word.startsWith("-") && word !== "-") {
        this.#letters(word);
      } else {
        args.push(word);
        if (!interspersed) return [...args, ...this.#rest];
      }
    }
    return args;
  }

  #long(word: string): void {
    const body = word.slice(2);
    if (/^[-=]/.test(body)) throw new FlagError(`bad flag syntax: ${word}`);
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    const named = this.#byName.get(name);
    if (named === undefined) {
      if (name === "help") throw new HelpRequested(false);
      throw new FlagError(`unknown flag: --${name}`);
    }
    const text =
      equals >= 0 ? body.slice(equals + 1) : (named.flag.impliedText ?? this.#rest.shift());
    if (text === undefined) throw new FlagError(`flag needs an argument: ${word}`);
    this.#set(named, text);
  }

  #letters(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      const named = this.#byLetter.get(letter);
      if (named === undefined) {
        if (letter === "h") throw new HelpRequested(true);
        throw new FlagError(`unknown shorthand flag: ${quoteLetter(letter)} in -${word.slice(at)}`);
      }
      const following = word.slice(at + 1);
      if (following.length > 1 && following.startsWith("=")) {
        this.#set(named, following.slice(1));
        return;
      }
      if (named.flag.impliedText !== undefined) {
        this.#set(named, named.flag.impliedText);
        continue;
      }
      const text = following === "" ? this.#rest.shift() : following;
      if (text === undefined) {
        throw new FlagError(`flag needs an argument: ${quoteLetter(letter)} in -${word.slice(at)}`);
      }
      this.#set(named, text);
      return;
    }
  }

  #set({ name, flag }: Named, text: string): void {
    try {
      this.values[name] = flag.parse(text, this.values[name]);
    } catch (error) {
      const letter = flag.short === undefined ? "" : `-${flag.short}, `;
      const why = error instanceof Error ? error.message : String(error);
      throw new FlagError(
        `invalid argument ${quoteGo(text)} for "${letter}--${name}" flag: ${why}`,
      );
    }
    if (name === "help" && this.values[name] === true) throw new HelpRequested(false);
    this.changed.add(name);
  }
}

const quoteLetter = (letter: string): string => (letter === "'" ? "'\\''" : `'${letter}'`);
