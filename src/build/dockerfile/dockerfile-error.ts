import { EngineError } from "../../spec/errors.ts";
import type { DockerfileSource, Position } from "./ast.ts";

export interface Fault {
  readonly source: DockerfileSource;
  readonly position: Position;
  /** The piece of the line to point at; absent is the whole line. */
  readonly subject?: string;
  /** What to do about it: `did you mean RUN?` */
  readonly hint?: string;
}

/**
 * A mistake in a Dockerfile, `invalid-argument`. The message has a first line for lists
 * (`Dockerfile:3:5: unknown flag --form for COPY (did you mean --from?)`) and below it the excerpt with
 * a caret.
 */
export class DockerfileError extends EngineError {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
  /** The message without place and excerpt. */
  readonly reason: string;

  constructor(reason: string, fault: Fault, options?: { cause?: unknown }) {
    const place = locate(fault);
    const meant = fault.hint === undefined ? reason : `${reason} (${fault.hint})`;
    const head = `${fault.source.name}:${place.line}:${place.column}: ${meant}`;
    super("invalid-argument", `${head}\n${excerpt(fault.source, place)}`, options);
    this.name = "DockerfileError";
    this.file = fault.source.name;
    this.line = place.line;
    this.endLine = fault.position.endLine;
    this.column = place.column;
    this.reason = meant;
  }
}

interface Place {
  line: number;
  column: number;
  width: number;
}

/** The first line of the instruction on which the subject stands; its first word's where none does. */
function locate({ source, position, subject }: Fault): Place {
  if (subject !== undefined && subject !== "") {
    for (let line = position.line; line <= position.endLine; line += 1) {
      const at = wordIndex(source.lines[line - 1] ?? "", subject);
      if (at >= 0) return { line, column: at + 1, width: subject.length };
    }
  }
  const text = source.lines[position.line - 1] ?? "";
  const start = text.length - text.trimStart().length;
  return { line: position.line, column: start + 1, width: text.trim().length };
}

/** Prefers the subject as a word of its own: `a` in `FROM alpine AS a` is the last letter. */
function wordIndex(text: string, subject: string): number {
  const boundary = /[\s=,"'[\]:$\\{}]/;
  for (let at = text.indexOf(subject); at >= 0; at = text.indexOf(subject, at + 1)) {
    const before = text[at - 1];
    const after = text[at + subject.length];
    const free = (side: string | undefined) => side === undefined || boundary.test(side);
    if (free(before) && free(after)) return at;
  }
  return text.indexOf(subject);
}

const SHOWN_WIDTH = 160;

/** Two lines before, the line, and a caret below it; tabs keep their place. */
function excerpt(source: DockerfileSource, { line, column, width }: Place): string {
  const gutter = String(line).length;
  const row = (number: number): string =>
    `  ${String(number).padStart(gutter)} | ${shorten(source.lines[number - 1] ?? "")}`;
  const rows: string[] = [];
  for (let number = Math.max(1, line - 2); number <= line; number += 1) rows.push(row(number));
  const text = shorten(source.lines[line - 1] ?? "");
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const carets = "^".repeat(Math.max(1, Math.min(width, text.length - column + 1)));
  rows.push(`  ${" ".repeat(gutter)} | ${indent}${carets}`);
  return rows.join("\n");
}

/** Control characters would move the cursor of a terminal. */
function shorten(text: string): string {
  const safe = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "?");
  return safe.length > SHOWN_WIDTH ? `${safe.slice(0, SHOWN_WIDTH)}…` : safe;
}
