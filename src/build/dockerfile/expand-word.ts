import type { Escape } from "./ast.ts";
import { ShellPattern } from "./shell-pattern.ts";

export interface ExpandOptions {
  readonly escape: Escape;
  /** `remove`: quotes group and vanish. `keep`: they group and stay. `literal`: they mean nothing. */
  readonly quotes: "remove" | "keep" | "literal";
  /** Escape characters stay. */
  readonly keepEscapes?: boolean;
  /** `$name` of an unset variable stays as it is; else it is empty. */
  readonly keepUnset?: boolean;
}

export interface Expansion {
  readonly value: string;
  /** The value split at spaces that stand outside of quotes. */
  readonly words: readonly string[];
  readonly used: ReadonlySet<string>;
  /** Variables that have no value. */
  readonly missing: ReadonlySet<string>;
}

/** A word that cannot be expanded; the message names no place. */
export class ExpansionError extends Error {}

/** More would be a variable that doubles itself line by line. */
const LARGEST_VALUE = 1 << 20;
const DEEPEST_NESTING = 64;

/**
 * Quotes, escapes and variables of a word, as a shell reads them: `$name`, `${name}` and the forms `:-`
 * `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`. Throws `ExpansionError`.
 */
export function expandWord(
  word: string,
  lookup: (name: string) => string | undefined,
  options: ExpandOptions,
): Expansion {
  const lexer = new WordLexer(word, lookup, options);
  const { value, words } = lexer.read(undefined, options.keepEscapes === true);
  return { value, words, used: lexer.used, missing: lexer.missing };
}

/** Splits at unquoted spaces while a value grows. */
class WordSplitter {
  readonly words: string[] = [];
  #word = "";

  addSplit(text: string): void {
    for (const character of text) {
      if (/\s/.test(character)) this.end();
      else this.#word += character;
    }
  }

  addWhole(text: string): void {
    this.#word += text;
  }

  end(): void {
    if (this.#word !== "") this.words.push(this.#word);
    this.#word = "";
  }
}

interface Part {
  value: string;
  words: string[];
}

class WordLexer {
  readonly used = new Set<string>();
  readonly missing = new Set<string>();
  readonly #source: string;
  readonly #lookup: (name: string) => string | undefined;
  readonly #options: ExpandOptions;
  #at = 0;
  #depth = 0;

  constructor(
    source: string,
    lookup: (name: string) => string | undefined,
    options: ExpandOptions,
  ) {
    this.#source = source;
    this.#lookup = lookup;
    this.#options = options;
  }

  /** Up to the end, or to an unquoted `stop` that is taken, too. */
  read(stop: string | undefined, keepEscapes: boolean): Part {
    this.#depth += 1;
    if (this.#depth > DEEPEST_NESTING) throw new ExpansionError("substitutions nest too deeply");
    let value = "";
    const splitter = new WordSplitter();
    while (this.#at < this.#source.length) {
      const character = this.#source[this.#at] ?? "";
      if (character === stop) {
        this.#at += 1;
        this.#depth -= 1;
        splitter.end();
        return { value, words: splitter.words };
      }
      const piece = this.#piece(character, keepEscapes, splitter);
      value += piece;
      if (value.length > LARGEST_VALUE) throw new ExpansionError("the value is larger than 1 MiB");
    }
    if (stop !== undefined) {
      throw new ExpansionError(`syntax error: missing '${stop}' in a substitution`);
    }
    this.#depth -= 1;
    splitter.end();
    return { value, words: splitter.words };
  }

  #piece(character: string, keepEscapes: boolean, splitter: WordSplitter): string {
    if (character === "$") {
      const value = this.#dollar();
      splitter.addSplit(value);
      return value;
    }
    const quoted = this.#special(character, keepEscapes);
    if (quoted !== undefined) {
      splitter.addWhole(quoted);
      return quoted;
    }
    this.#at += 1;
    if (character !== this.#options.escape) {
      splitter.addSplit(character);
      return character;
    }
    const escaped = this.#source[this.#at] ?? "";
    this.#at += 1;
    const kept = keepEscapes ? character + escaped : escaped;
    splitter.addWhole(kept);
    return kept;
  }

  #special(character: string, keepEscapes: boolean): string | undefined {
    if (character === "<") return this.#angle();
    if (this.#options.quotes === "literal") return undefined;
    if (character === "'") return this.#singleQuote();
    if (character === '"') return this.#doubleQuote(keepEscapes);
    return undefined;
  }

  /** `<< EOF` is one word: the spaces after `<<` do not split. */
  #angle(): string {
    const match = /^<<[\t\r ]*|^</.exec(this.#source.slice(this.#at, this.#at + 256));
    const text = match?.[0] ?? "<";
    this.#at += text.length;
    return text;
  }

  #quote(mark: string): string {
    return this.#options.quotes === "keep" ? mark : "";
  }

  #singleQuote(): string {
    const end = this.#source.indexOf("'", this.#at + 1);
    if (end < 0) throw new ExpansionError("a single quote is not closed");
    const text = this.#source.slice(this.#at + 1, end);
    this.#at = end + 1;
    return `${this.#quote("'")}${text}${this.#quote("'")}`;
  }

  #doubleQuote(keepEscapes: boolean): string {
    let value = this.#quote('"');
    this.#at += 1;
    for (;;) {
      const character = this.#source[this.#at];
      if (character === undefined) throw new ExpansionError("a double quote is not closed");
      if (character === "$") {
        value += this.#dollar();
        if (value.length > LARGEST_VALUE)
          throw new ExpansionError("the value is larger than 1 MiB");
        continue;
      }
      this.#at += 1;
      if (character === '"') return value + this.#quote('"');
      value += character === this.#options.escape ? this.#escapedInQuotes(keepEscapes) : character;
    }
  }

  /** In double quotes only `"`, `$` and the escape character itself are escaped. */
  #escapedInQuotes(keepEscapes: boolean): string {
    const mark = this.#options.escape;
    const next = this.#source[this.#at];
    if (next === undefined) return keepEscapes ? mark : "";
    if (next !== '"' && next !== "$" && next !== mark) return mark;
    this.#at += 1;
    return keepEscapes ? mark + next : next;
  }

  #dollar(): string {
    this.#at += 1;
    if (this.#source[this.#at] !== "{") {
      const name = this.#name();
      if (name === "") return "$";
      return this.#value(name) ?? (this.#options.keepUnset === true ? `$${name}` : "");
    }
    this.#at += 1;
    const first = this.#source[this.#at];
    if (first === undefined) throw new ExpansionError("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") {
      throw new ExpansionError("syntax error: bad substitution");
    }
    return this.#braced(this.#name());
  }

  #braced(name: string): string {
    const operator = /^(?::?[-+?]|##?|%%?|\/\/?|\})/.exec(
      this.#source.slice(this.#at, this.#at + 2),
    )?.[0];
    if (operator === undefined) {
      const found = this.#source.slice(
        this.#at,
        this.#at + (this.#source[this.#at] === ":" ? 2 : 1),
      );
      if (found === "") throw new ExpansionError("syntax error: missing '}'");
      throw new ExpansionError(`unsupported modifier (${found}) in substitution`);
    }
    this.#at += operator.length;
    if (operator === "}") {
      return this.#value(name) ?? (this.#options.keepUnset === true ? `\${${name}}` : "");
    }
    if (operator.startsWith("/")) return this.#replaced(name, operator);
    const isPattern = operator.startsWith("#") || operator.startsWith("%");
    const word = this.read("}", isPattern).value;
    if (this.#options.keepUnset === true && this.#value(name) === undefined) {
      return `\${${name}${operator}${word}}`;
    }
    return isPattern
      ? this.#trimmed(name, operator, word)
      : this.#alternative(name, operator, word);
  }

  #alternative(name: string, operator: string, word: string): string {
    const value = this.#value(name);
    const missing = value === undefined || (operator.startsWith(":") && value === "");
    switch (operator.at(-1)) {
      case "-":
        return missing ? word : (value ?? "");
      case "+":
        return missing ? "" : word;
      default:
        if (!missing) return value ?? "";
        throw new ExpansionError(
          `${name}: ${word || `is not allowed to be ${value === undefined ? "unset" : "empty"}`}`,
        );
    }
  }

  #trimmed(name: string, operator: string, word: string): string {
    const value = this.#value(name) ?? "";
    const pattern = readPattern(word);
    return operator.startsWith("#")
      ? pattern.trimPrefix(value, operator === "##")
      : pattern.trimSuffix(value, operator === "%%");
  }

  #replaced(name: string, operator: string): string {
    const pattern = this.read("/", true).value;
    const replacement = this.read("}", true).value;
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset === true) {
      return `\${${name}${operator}${pattern}/${replacement}}`;
    }
    return readPattern(pattern).replace(value ?? "", replacement, operator === "//");
  }

  /** Letters, digits and `_`; digits alone where it begins with one; or one special parameter. */
  #name(): string {
    const matcher = /\p{Nd}+|[@*#?\-$!]|[\p{L}\p{Nd}_]+/uy;
    matcher.lastIndex = this.#at;
    const name = matcher.exec(this.#source)?.[0] ?? "";
    this.#at += name.length;
    return name;
  }

  #value(name: string): string | undefined {
    const value = this.#lookup(name);
    (value === undefined ? this.missing : this.used).add(name);
    return value;
  }
}

function readPattern(text: string): ShellPattern {
  try {
    return ShellPattern.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExpansionError(`invalid pattern (${text}) in substitution: ${why}`);
  }
}
