import type { Output } from "../../cli/output.ts";

const COLOURS = ["36", "33", "32", "35", "34", "96", "93", "92", "95", "94"];

export interface LogLook {
  prefix: boolean;
  colour: boolean;
  /** Where output and progress share a terminal: writes above the progress, if there is any. */
  above?: (text: string) => boolean;
}

/** Lines of several containers on one output, each behind its container's name, in a colour of its own. */
export class LogPrinter {
  readonly #output: Output;
  readonly #look: LogLook;
  readonly #colours = new Map<string, string>();
  #width = 0;

  constructor(output: Output, look: LogLook) {
    this.#output = output;
    this.#look = look;
  }

  /** A name that will come, so that all prefixes are as wide as the longest. */
  announce(name: string): void {
    this.#width = Math.max(this.#width, name.length);
    if (this.#colours.has(name)) return;
    this.#colours.set(name, COLOURS[this.#colours.size % COLOURS.length] ?? "36");
  }

  async line(name: string, text: string): Promise<void> {
    await this.#write(`${this.#prefix(name)}${text}\n`);
  }

  /** Something that compose says about a container. */
  async note(text: string): Promise<void> {
    await this.#write(`${text}\n`);
  }

  /** Something about files that are watched; it stands where the output of the containers does. */
  async watchNote(text: string): Promise<void> {
    const mark = "⦿ ".padStart(this.#width + 5);
    await this.note(`${this.#look.colour ? `\x1b[92m${mark}\x1b[0m` : mark}${text}`);
  }

  /** Prints a container's bytes line by line; a last line without its end is printed at the end. */
  async lines(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.announce(name);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of chunks) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      const prefix = this.#prefix(name);
      if (parts.length === 0) continue;
      await this.#write(parts.map((part) => `${prefix}${part.replace(/\r$/, "")}\n`).join(""));
    }
    if (rest !== "") await this.line(name, rest);
  }

  async #write(text: string): Promise<void> {
    if (this.#look.above?.(text) === true) return;
    this.#output.write(text);
    await this.#output.flush();
  }

  #prefix(name: string): string {
    if (!this.#look.prefix) return "";
    const text = `${name.padEnd(this.#width)}  | `;
    if (!this.#look.colour) return text;
    return `\x1b[${this.#colours.get(name) ?? "36"}m${text}\x1b[0m`;
  }
}
