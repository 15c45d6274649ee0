import type { Output } from "../../cli/output.ts";

export type StepState = "working" | "done" | "warning" | "error";

/** Shows what a command does to containers, networks and volumes, each by its name. */
export interface Progress {
  /** `subject`: `Container shop-db-1`; `text`: `Creating`, `Created`. */
  step(subject: string, text: string, state: StepState, detail?: string): void;
  /** Writes text above a terminal's view, which stays below it; false where there is no view in the way. */
  above?(text: string): boolean;
  /** Puts a terminal's view at rest, so that other text can follow. */
  finish(): void;
}

/** One line for each step, as Docker Compose writes them to a pipe. */
export class PlainProgress implements Progress {
  readonly #output: Output;
  readonly #prefix: string;

  constructor(output: Output, dryRun: boolean) {
    this.#output = output;
    this.#prefix = dryRun ? " DRY-RUN MODE - " : "";
  }

  step(subject: string, text: string, _state: StepState, detail?: string): void {
    this.#output.line(`${this.#prefix} ${subject}  ${text}${detail ? ` ${detail}` : ""}`);
    void this.#output.flush();
  }

  finish(): void {}
}

/** Nothing at all: `--quiet`, `--progress quiet`. */
export const SILENT: Progress = { step: () => {}, finish: () => {} };

/** One JSON object for each step: `--progress json`. */
export class JsonProgress implements Progress {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  step(subject: string, text: string, state: StepState, detail?: string): void {
    const line = {
      id: subject,
      status: STATUS[state],
      text,
      ...(detail ? { details: detail } : {}),
    };
    this.#output.line(JSON.stringify(line));
    void this.#output.flush();
  }

  finish(): void {}
}

const STATUS = { working: "Working", done: "Done", warning: "Warning", error: "Error" } as const;
