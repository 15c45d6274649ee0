import type { BuildEvent } from "../../../spec/index.ts";
import type { BuildView, ViewOptions } from "./build-view.ts";
import { treeText } from "./tree-text.ts";

const FRAME_MS = 100;
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_BELOW = "\u001b[0J";
/** Rows that no terminal has: at the end everything is shown. */
const ALL_ROWS = 100_000;

/** Draws the tree over itself ten times a second while something changes. */
export class TtyView implements BuildView {
  readonly #options: ViewOptions;
  readonly #startedAt = Date.now();
  #drawn = 0;
  #tick = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #restore = (): void => this.#options.output.write(SHOW_CURSOR);

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    options.output.write(HIDE_CURSOR);
    process.on("exit", this.#restore);
  }

  show(_event: BuildEvent): void {
    // The next frame shows it.
  }

  end(): void {
    clearInterval(this.#timer);
    this.#draw(ALL_ROWS);
    this.#options.output.write(SHOW_CURSOR);
    process.off("exit", this.#restore);
  }

  #draw(rows?: number): void {
    const { output, progress, size, color } = this.#options;
    const terminal = size();
    const lines = treeText(progress, {
      rows: rows ?? terminal.rows,
      columns: terminal.columns,
      color,
      now: Date.now(),
      startedAt: this.#startedAt,
      tick: this.#tick,
    });
    this.#tick += 1;
    const up = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\r`;
    output.write(`${up}${CLEAR_BELOW}${lines.join("\n")}\n`);
    void output.flush();
    this.#drawn = rows === undefined ? lines.length : 0;
  }
}
