import type { ProgressMessage } from "../../spec/index.ts";
import type { CommandContext } from "../command.ts";
import type { Output } from "../output.ts";
import { isTerminal } from "../terminal/is-terminal.ts";
import { progressText } from "./progress-text.ts";

const DEFAULT_WIDTH = 200;

/**
 * Shows a pull, push or load: in a terminal one line for every layer that is drawn over as it advances,
 * elsewhere one line for every change of state.
 *
 * @param onAux is given what a message carries beside its text.
 */
export async function showProgress(
  context: CommandContext,
  output: Output,
  messages: AsyncIterable<ProgressMessage>,
  onAux: (value: unknown) => void = () => {},
): Promise<void> {
  const view = isTerminal(output.fd)
    ? new TerminalView(output, await terminalWidth(context, output))
    : new PlainView(output);
  for await (const message of messages) {
    if (message.aux !== undefined && message.aux !== null) onAux(message.aux);
    view.show(message);
    await output.flush();
  }
}

async function terminalWidth(context: CommandContext, output: Output): Promise<number> {
  const terminal = await context.terminal();
  return terminal.size(output.fd)?.columns || DEFAULT_WIDTH;
}

class PlainView {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  show({ id, status, stream, progressDetail }: ProgressMessage): void {
    if (stream !== undefined && stream !== "") {
      this.#output.write(stream);
      return;
    }
    // Advance within a state is for eyes only.
    if (progressText(progressDetail, 0) !== "" || status === undefined) return;
    this.#output.line(id === undefined || id === "" ? status : `${id}: ${status}`);
  }
}

class TerminalView {
  readonly #output: Output;
  readonly #width: number;
  /** Line of every layer, counted from the first. */
  readonly #lines = new Map<string, number>();

  constructor(output: Output, width: number) {
    this.#output = output;
    this.#width = width;
  }

  show(message: ProgressMessage): void {
    const { id = "", status, stream, progressDetail } = message;
    if (stream !== undefined && stream !== "") {
      this.#output.write(stream);
      return;
    }
    if (status === undefined) return;
    const progress = progressText(progressDetail, this.#width);
    if (id === "" || progressDetail === undefined) {
      this.#plain(id, status, progress);
      return;
    }
    const up = this.#lineAbove(id);
    const text = progress === "" ? `${id}: ${status}` : `${id}: ${status} ${progress}`;
    const move = up > 0 ? `\x1b[${up}A` : "";
    const back = up > 0 ? `\x1b[${up}B` : "";
    this.#output.write(`${move}\x1b[2K\r${text}\r${back}`);
  }

  /** How far above the cursor the layer's line is; new layers get a line at the end. */
  #lineAbove(id: string): number {
    const line = this.#lines.get(id);
    if (line !== undefined) return this.#lines.size - line;
    this.#lines.set(id, this.#lines.size);
    this.#output.write("\n");
    return 1;
  }

  /** Text that is no layer's: the lines above are finished, and none of them is drawn over again. */
  #plain(id: string, status: string, progress: string): void {
    this.#lines.clear();
    const text = id === "" ? status : `${id}: ${status}`;
    this.#output.line(progress === "" ? text : `${text} ${progress}`);
  }
}
