import type { EngineClient } from "../../../client/index.ts";
import type { ContainerLogsOptions } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import type { Output } from "../../output.ts";
import { Demultiplexer } from "../../terminal/demultiplexer.ts";
import { isTerminal } from "../../terminal/is-terminal.ts";

/** A line longer than this is passed on in pieces. */
const LONGEST_LINE = 64 * 1024;
const COLORS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export interface LogLineOptions {
  readonly query: Partial<ContainerLogsOptions>;
  /** Only lines that it matches; absent: all. */
  readonly pattern?: RegExp;
}

/** @throws CliError for an expression that is none */
export function logPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`invalid value for "grep": ${why}`, 1, { cause: error });
  }
}

/**
 * The logs of several containers at once, line by line, each with its container's name; of one alone
 * without. Where one fails the others go on, and its failure is thrown at the end.
 */
export async function printLogLines(
  context: CommandContext,
  names: readonly string[],
  options: LogLineOptions,
): Promise<void> {
  const client = await context.client();
  const width = Math.max(...names.map((name) => name.length));
  const plain = (context.environment["NO_COLOR"] ?? "") !== "" || !isTerminal(context.stdout.fd);
  const results = await Promise.allSettled(
    names.map(async (name, index) => {
      const label = `${name.padEnd(width)} | `;
      const color = COLORS[index % COLORS.length];
      const shown = plain ? label : `\x1b[${color}m${label}\x1b[0m`;
      await printOne(context, client, name, { ...options, prefix: names.length > 1 ? shown : "" });
    }),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function printOne(
  { stdout, stderr }: CommandContext,
  { containers }: EngineClient,
  name: string,
  { query, pattern, prefix }: LogLineOptions & { prefix: string },
): Promise<void> {
  const { multiplexed, chunks } = await containers.logs(name, query);
  const framed = multiplexed ?? !(await containers.inspect(name)).Config.Tty;
  const out = new LineWriter(stdout, prefix, pattern);
  const errors = new LineWriter(stderr, prefix, pattern);
  const demultiplexer = new Demultiplexer();
  for await (const chunk of chunks) {
    if (!framed) await out.push(chunk);
    else {
      for (const piece of demultiplexer.push(chunk)) {
        await (piece.stderr ? errors : out).push(piece.bytes);
      }
    }
  }
  await out.end();
  await errors.end();
}

/** Cuts a stream into lines and writes those that match. */
class LineWriter {
  readonly #output: Output;
  readonly #prefix: string;
  readonly #pattern: RegExp | undefined;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(output: Output, prefix: string, pattern: RegExp | undefined) {
    this.#output = output;
    this.#prefix = prefix;
    this.#pattern = pattern;
  }

  async push(bytes: Uint8Array): Promise<void> {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LONGEST_LINE) {
      lines.push(this.#rest);
      this.#rest = "";
    }
    for (const line of lines) this.#line(line);
    await this.#output.flush();
  }

  async end(): Promise<void> {
    if (this.#rest !== "") this.#line(this.#rest);
    await this.#output.flush();
  }

  #line(line: string): void {
    if (this.#pattern?.test(line) ?? true) this.#output.line(this.#prefix + line);
  }
}
