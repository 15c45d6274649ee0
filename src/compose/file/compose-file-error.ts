import type { Position } from "./node.ts";

/** What is wrong with a Compose file, and where: the message begins with `file:line:column: `. */
export class ComposeFileError extends Error {
  readonly at: Position | undefined;

  constructor(message: string, at?: Position) {
    super(at === undefined ? message : `${at.file}:${at.line}:${at.column}: ${message}`);
    this.name = "ComposeFileError";
    this.at = at;
  }
}
