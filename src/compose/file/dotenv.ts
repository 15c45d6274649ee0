import { ComposeFileError } from "./compose-file-error.ts";
import { interpolate, type Lookup } from "./interpolate.ts";

const ESCAPES: Record<string, string> = {
  a: "\x07",
  b: "\b",
  c: "",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  $: "$$",
  '"': '"',
  "\\": "\\",
};

/**
 * An environment file as Docker Compose reads it: `KEY=value`, `export KEY=value`, `KEY: value`, `KEY`
 * alone (taken from `outer`), comments, values unquoted (variables replaced, ` #` begins a comment), in
 * double quotes (escapes, variables, several lines) or in single quotes (as it is, several lines).
 * A variable is looked up in `outer`, then in what the file has said before.
 * Throws ComposeFileError with the line.
 */
export function parseDotenv(text: string, file: string, outer: Lookup): Map<string, string> {
  return new DotenvReader(text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"), file, outer).read();
}

/** The same without quotes, variables and comments within a line: `KEY=whatever follows`. */
export function parseRawEnv(text: string, file: string, outer: Lookup): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, line] of text.replaceAll("\r\n", "\n").split("\n").entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const equals = line.indexOf("=");
    const key = (equals < 0 ? line : line.slice(0, equals)).trimStart();
    if (key === "" || /\s/.test(key)) {
      const at = { file, line: index + 1, column: 1 };
      throw new ComposeFileError(`"${line}" has no variable name before its "="`, at);
    }
    const value = equals < 0 ? outer(key) : line.slice(equals + 1);
    if (value !== undefined) values.set(key, value);
  }
  return values;
}

class DotenvReader {
  readonly #text: string;
  readonly #file: string;
  readonly #outer: Lookup;
  readonly #values = new Map<string, string>();
  #at = 0;

  constructor(text: string, file: string, outer: Lookup) {
    this.#text = text;
    this.#file = file;
    this.#outer = outer;
  }

  read(): Map<string, string> {
    for (;;) {
      this.#skip(/(?:\s|#[^\n]*(?:\n|$))*/y);
      if (this.#at >= this.#text.length) return this.#values;
      this.#skip(/export[ \t]+/y);
      this.#statement();
    }
  }

  #statement(): void {
    const start = this.#at;
    const key = this.#take(/[\p{L}\p{N}_.\-[\]]+/uy);
    this.#skip(/[ \t]*/y);
    const next = this.#text[this.#at];
    if (key === "" || (next !== undefined && !"=:\n".includes(next))) {
      const line = this.#text.slice(start).split("\n", 1)[0] ?? "";
      throw this.#error(`unexpected character "${next}" in variable name "${line}"`);
    }
    if (next === undefined || next === "\n") {
      const value = this.#outer(key);
      if (value !== undefined) this.#values.set(key, value);
      return;
    }
    this.#at++;
    this.#skip(/[ \t]*/y);
    this.#values.set(key, this.#value());
  }

  #value(): string {
    const quote = this.#text[this.#at];
    if (quote === "'") return this.#quoted("'");
    if (quote === '"') return this.#expand(replaceEscapes(this.#quoted('"')));
    const line = this.#take(/[^\n]*/y);
    const comment = line.search(/ #/);
    return this.#expand((comment < 0 ? line : line.slice(0, comment)).trimEnd());
  }

  #quoted(quote: string): string {
    let value = "";
    let at = this.#at + 1;
    for (; at < this.#text.length && this.#text[at] !== quote; at++) {
      const escaped = this.#text[at] === "\\" && this.#text[at + 1] === quote;
      if (this.#text[at] === "\\" && this.#text[at + 1] === "\\") {
        value += "\\\\";
        at++;
        continue;
      }
      if (escaped) at++;
      value += this.#text[at];
    }
    if (at >= this.#text.length) {
      const line = this.#text.slice(this.#at).split("\n", 1)[0];
      throw this.#error(`unterminated quoted value ${line}`);
    }
    this.#at = at + 1;
    this.#skip(/[^\n]*/y);
    return value;
  }

  #expand(value: string): string {
    try {
      return interpolate(value, { lookup: (name) => this.#outer(name) ?? this.#values.get(name) });
    } catch (error) {
      throw this.#error(error instanceof Error ? `${error.message}` : String(error));
    }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #skip(pattern: RegExp): void {
    this.#take(pattern);
  }

  #error(message: string): ComposeFileError {
    const before = this.#text.slice(0, this.#at).split("\n");
    const at = { file: this.#file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    return new ComposeFileError(message, at);
  }
}

const replaceEscapes = (value: string): string =>
  value.replace(/\\([abcfnrtv$"\\])/g, (_, char: string) => ESCAPES[char] ?? char);
