import type { Escape } from "./ast.ts";
import type { HereDocument, HereDocumentWord } from "./here-document.ts";

/** An instruction's lines put together. */
export interface LogicalLine {
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
  /** Comment lines right above, without `#`. */
  readonly comments: readonly string[];
  /** A blank line stood among continued ones. */
  readonly emptyContinuation: boolean;
}

/** Splits a file as Docker does: a byte order mark is dropped, `\r` before `\n` is part of the line end. */
export function splitLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.replace(/\r+$/, ""));
}

const isComment = (line: string): boolean => /^\s*#/.test(line);
const isBlank = (line: string): boolean => line.trim() === "";

/** Hands out the instructions of a file, one after another; here-documents on request. */
export class LineReader {
  readonly #lines: readonly string[];
  readonly #continued: RegExp;
  #next: number;

  /** Starts at a line's number, behind the parser directives. */
  constructor(lines: readonly string[], mark: Escape, firstLine: number) {
    this.#lines = lines;
    this.#next = firstLine - 1;
    const escaped = mark === "\\" ? "\\\\" : mark;
    this.#continued = new RegExp(`(^|[^${escaped}])${escaped}[ \\t]*$`);
  }

  /** The number of the line that was handed out last. */
  get line(): number {
    return this.#next;
  }

  read(): LogicalLine | undefined {
    let comments: string[] = [];
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      if (isComment(line)) {
        const comment = line.trimStart().slice(1).trim();
        comments = comment === "" ? [] : [...comments, comment];
      } else if (!isBlank(line)) {
        const logical = this.#join(line.trimStart(), comments);
        if (logical.text !== "") return logical;
      } else comments = [];
    }
    return undefined;
  }

  /** What stands up to the delimiter's line; nothing where the file ends first. */
  readHereDocument(word: HereDocumentWord): HereDocument | undefined {
    const body: string[] = [];
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      if ((word.stripsTabs ? line.replace(/^\t+/, "") : line) === word.name) {
        return { ...word, raw: body.map((each) => `${each}\n`).join("") };
      }
      body.push(line);
    }
    return undefined;
  }

  #take(): string | undefined {
    const line = this.#lines[this.#next];
    if (line !== undefined) this.#next += 1;
    return line;
  }

  #join(first: string, comments: readonly string[]): LogicalLine {
    const start = this.#next;
    const parts: string[] = [];
    let emptyContinuation = false;
    let current: string | undefined = first;
    while (current !== undefined) {
      const continued = this.#continued.test(current);
      parts.push(continued ? current.replace(this.#continued, "$1") : current);
      if (!continued) break;
      current = this.#take();
      while (current !== undefined && (isComment(current) || isBlank(current))) {
        if (!isComment(current)) emptyContinuation = true;
        current = this.#take();
      }
    }
    const text = parts.join("");
    return { text, line: start, endLine: this.#next, comments, emptyContinuation };
  }
}
