/** The words of a template. Keywords have their own text as type. */
export type TokenType =
  | "text"
  | "left"
  | "right"
  | "space"
  | "field"
  | "variable"
  | "identifier"
  | "bool"
  | "number"
  | "char"
  | "string"
  | "dot"
  | "pipe"
  | "declare"
  | "assign"
  | "comma"
  | "open"
  | "close"
  | "keyword"
  | "other"
  | "error"
  | "eof";

export interface Token {
  readonly type: TokenType;
  readonly pos: number;
  readonly text: string;
  readonly line: number;
}

const KEYWORDS = new Set(
  "block break continue define else end if range nil template with".split(" "),
);
const SYMBOLS: readonly [string, TokenType][] = [
  [":=", "declare"],
  ["=", "assign"],
  ["|", "pipe"],
  [",", "comma"],
];
const SPACE = /[ \t\r\n]/;
const WORD = /[\p{L}\p{Nd}_]/u;

class LexicalError extends Error {}

/** Splits a template; what cannot be read becomes one last token of type `error`. */
export function lexTemplate(source: string): Token[] {
  const lexer = new Lexer(source);
  try {
    lexer.text();
  } catch (error) {
    if (!(error instanceof LexicalError)) throw error;
    lexer.emit("error", lexer.start, error.message);
  }
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  start = 0;
  #at = 0;
  #line = 1;
  #counted = 0;
  #parentheses = 0;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  emit(type: TokenType, pos: number, text: string): void {
    for (; this.#counted < pos; this.#counted++) {
      if (this.#source[this.#counted] === "\n") this.#line++;
    }
    this.tokens.push({ type, pos, text, line: this.#line });
  }

  text(): void {
    let trimStart = false;
    for (;;) {
      const open = this.#source.indexOf("{{", this.#at);
      const end = open < 0 ? this.#source.length : open;
      const trimEnd = open >= 0 && this.#trimMarkerAfter(open + 2);
      this.#emitText(this.#at, end, trimStart, trimEnd);
      if (open < 0) break;
      this.#at = open + 2;
      if (trimEnd) this.#at += 2;
      trimStart = this.#source.startsWith("/*", this.#at) ? this.#comment() : this.#action(open);
    }
    this.emit("eof", this.#source.length, "");
  }

  #emitText(from: number, to: number, trimStart: boolean, trimEnd: boolean): void {
    let text = this.#source.slice(from, to);
    if (trimEnd) text = text.replace(/[ \t\r\n]+$/, "");
    const length = text.length;
    if (trimStart) text = text.replace(/^[ \t\r\n]+/, "");
    if (text !== "") this.emit("text", from + length - text.length, text);
  }

  #trimMarkerAfter(at: number): boolean {
    return this.#source[at] === "-" && SPACE.test(this.#source[at + 1] ?? "");
  }

  /** The length of `}}` or ` -}}` here, with whether it trims; undefined elsewhere. */
  #rightDelimiter(): { length: number; trims: boolean } | undefined {
    if (this.#source.startsWith("}}", this.#at)) return { length: 2, trims: false };
    const trims =
      SPACE.test(this.#source[this.#at] ?? "") && this.#source.startsWith("-}}", this.#at + 1);
    return trims ? { length: 4, trims } : undefined;
  }

  #comment(): boolean {
    const end = this.#source.indexOf("*/", this.#at);
    if (end < 0) this.#fail("unclosed comment");
    this.#at = end + 2;
    const delimiter = this.#rightDelimiter();
    if (delimiter === undefined) return this.#fail("comment ends before closing delimiter");
    this.#at += delimiter.length;
    return delimiter.trims;
  }

  #action(open: number): boolean {
    this.emit("left", open, "{{");
    this.#parentheses = 0;
    for (;;) {
      this.start = this.#at;
      const delimiter = this.#rightDelimiter();
      if (delimiter !== undefined) {
        if (this.#parentheses > 0) this.#fail("unclosed left paren");
        this.#at += delimiter.length;
        this.emit("right", this.start, "}}");
        return delimiter.trims;
      }
      if (this.#at >= this.#source.length) this.#fail("unclosed action");
      this.#insideAction(this.#source.charAt(this.#at));
    }
  }

  #insideAction(character: string): void {
    const symbol = SYMBOLS.find(([text]) => this.#source.startsWith(text, this.#at));
    const isNumberStart = /[-+0-9]/.test(character) || /^\.[0-9]/.test(this.#following(2));
    if (SPACE.test(character)) this.#space();
    else if (symbol !== undefined) this.#take(symbol[1], symbol[0].length);
    else if (character === ":") this.#fail("expected :=");
    else if (character === '"') this.#quoted('"', "string", "unterminated quoted string");
    else if (character === "'") this.#quoted("'", "char", "unterminated character constant");
    else if (character === "`") this.#rawString();
    else if (character === "(" || character === ")") this.#parenthesis(character);
    else if (isNumberStart) this.#number();
    else if (character === "$") this.#named("variable");
    else if (character === ".") this.#named("field");
    else if (WORD.test(character)) this.#word();
    else if (character >= " " && character <= "~") this.#take("other", 1);
    else this.#fail(`unrecognized character in action: ${unicodeName(character)}`);
  }

  #following(length: number): string {
    return this.#source.slice(this.#at, this.#at + length);
  }

  #take(type: TokenType, length: number): void {
    this.emit(type, this.#at, this.#source.slice(this.#at, this.#at + length));
    this.#at += length;
  }

  #space(): void {
    let end = this.#at;
    while (SPACE.test(this.#source[end] ?? "")) end++;
    // The last space belongs to the delimiter in ` -}}`.
    if (this.#source.startsWith("-}}", end) && end - this.#at > 0) end--;
    if (end > this.#at) this.#take("space", end - this.#at);
  }

  #quoted(quote: string, type: TokenType, unterminated: string): void {
    let end = this.#at + 1;
    for (; this.#source[end] !== quote; end++) {
      if (this.#source[end] === "\\") end++;
      if (end >= this.#source.length || this.#source[end] === "\n") this.#fail(unterminated);
    }
    this.#take(type, end + 1 - this.#at);
  }

  #rawString(): void {
    const end = this.#source.indexOf("`", this.#at + 1);
    if (end < 0) this.#fail("unterminated raw quoted string");
    this.#take("string", end + 1 - this.#at);
  }

  #parenthesis(character: string): void {
    this.#parentheses += character === "(" ? 1 : -1;
    if (this.#parentheses < 0) this.#fail("unexpected right paren");
    this.#take(character === "(" ? "open" : "close", 1);
  }

  #wordEnd(from: number): number {
    let end = from;
    while (WORD.test(this.#source[end] ?? "")) end++;
    return end;
  }

  #named(type: "field" | "variable"): void {
    const end = this.#wordEnd(this.#at + 1);
    const isBare = end === this.#at + 1;
    if (!isBare) this.#requireTerminator(end);
    this.#take(isBare && type === "field" ? "dot" : type, end - this.#at);
  }

  #number(): void {
    const pattern =
      /[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]+)?)/y;
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0] ?? "";
    const end = this.#at + text.length;
    if (!/[0-9]/.test(text) || WORD.test(this.#source[end] ?? "")) {
      const shown = this.#source.slice(this.#at, Math.max(end + 1, this.#at + 1));
      this.#fail(`bad number syntax: ${JSON.stringify(shown)}`);
    }
    this.#take("number", text.length);
  }

  #word(): void {
    const end = this.#wordEnd(this.#at);
    this.#requireTerminator(end);
    const word = this.#source.slice(this.#at, end);
    const type = KEYWORDS.has(word)
      ? "keyword"
      : /^(?:true|false)$/.test(word)
        ? "bool"
        : "identifier";
    this.#take(type, word.length);
  }

  #requireTerminator(end: number): void {
    const character = this.#source[end] ?? "";
    if (character === "" || /[ \t\r\n.,|:()=]/.test(character)) return;
    if (this.#source.startsWith("}}", end)) return;
    this.#fail(`bad character ${unicodeName(character)}`);
  }

  #fail(message: string): never {
    throw new LexicalError(message);
  }
}

const unicodeName = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")} '${character}'`;
};
