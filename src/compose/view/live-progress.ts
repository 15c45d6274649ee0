import type { Output } from "../../cli/output.ts";
import type { Progress, StepState } from "./progress.ts";

interface Row {
  subject: string;
  text: string;
  detail: string;
  state: StepState;
  begun: number;
  ended?: number;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const MARKS: Record<StepState, string> = { working: "", done: "✔", warning: "!", error: "✘" };
const COLOURS: Record<StepState, string> = {
  working: "36",
  done: "32",
  warning: "33",
  error: "31",
};
const FRAME_MILLISECONDS = 100;

/** A terminal's view: a line for each subject, drawn over as it advances, with the time that it took. */
export class LiveProgress implements Progress {
  readonly #output: Output;
  readonly #columns: () => number;
  readonly #rows = new Map<string, Row>();
  readonly #title: string;
  #drawn = 0;
  #frame = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(output: Output, title: string, columns: () => number) {
    this.#output = output;
    this.#title = title;
    this.#columns = columns;
  }

  step(subject: string, text: string, state: StepState, detail = ""): void {
    const now = performance.now();
    const known = this.#rows.get(subject);
    // A subject that works again (created, then started) begins a new time.
    const begun = known === undefined || known.ended !== undefined ? now : known.begun;
    const ended = state === "working" ? {} : { ended: now };
    this.#rows.set(subject, { subject, text, detail, state, begun, ...ended });
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MILLISECONDS);
    this.#draw();
  }

  finish(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
    this.#rows.clear();
    this.#drawn = 0;
  }

  above(text: string): boolean {
    if (this.#timer === undefined || this.#drawn === 0) return false;
    this.#output.write(`\x1b[${this.#drawn}A\x1b[J${text}`);
    this.#drawn = 0;
    this.#draw();
    return true;
  }

  #draw(): void {
    this.#frame++;
    const rows = [...this.#rows.values()];
    const done = rows.filter(({ state }) => state !== "working").length;
    const head = `[+] ${this.#title} ${done}/${rows.length}`;
    const lines = [head, ...rows.map((row) => this.#line(row))];
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    const text = lines.map((line) => `\x1b[2K${line}\n`).join("");
    this.#output.write(`\x1b[?25l${up}${text}\x1b[?25h`);
    this.#drawn = lines.length;
    void this.#output.flush();
  }

  #line(row: Row): string {
    const { subject, text, detail, state, begun, ended } = row;
    const seconds = `${(((ended ?? performance.now()) - begun) / 1000).toFixed(1)}s`;
    const mark = state === "working" ? (FRAMES[this.#frame % FRAMES.length] ?? "") : MARKS[state];
    const width = Math.max(20, this.#columns()) - seconds.length - 1;
    const words = `${subject}  ${text}${detail === "" ? "" : `  ${detail}`}`;
    const body = ` ${mark} ${words}`.slice(0, width).padEnd(width);
    const coloured = body.replace(mark, `\x1b[${COLOURS[state]}m${mark}\x1b[0m`);
    return `${coloured}\x1b[2m${seconds}\x1b[0m`;
  }
}
