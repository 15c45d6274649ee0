import { CliError } from "../../cli-error.ts";
import {
  type AnyCommand,
  type ArgumentRule,
  atLeast,
  between,
  defineCommand,
  exactly,
  type Invocation,
  noArguments,
} from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import type { Flag, Flags } from "../../flags/flag.ts";
import * as kinds from "../../flags/flag-kinds.ts";
import { isBerth } from "../is-berth.ts";

/** A command of Docker's that only says why there is nothing to do: its help and its checks are real. */
export interface UnservedCommand {
  readonly usage: string;
  readonly description: string;
  readonly aliases?: readonly string[];
  /** A line for each flag: `-s, --long TYPE=DEFAULT what it is for`. */
  readonly flags?: string;
}

export type UnservedCommands = Readonly<Record<string, UnservedCommand>>;

export interface Question {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly json?: unknown;
}

/**
 * The command as one that puts a question to the daemon, whose refusal is what the user reads. Daemons
 * other than Berth's might act on it, so they are not asked.
 */
export function askingCommand(
  definition: UnservedCommand,
  question: (args: readonly string[]) => Question,
  prefix: (args: readonly string[]) => string = () => "",
): AnyCommand {
  return unserved(definition, async ({ args, context }) => {
    const { system } = await context.client();
    if (isBerth(await system.version())) {
      try {
        await system.ask(question(args));
      } catch (error) {
        throw new CliError(prefix(args) + failureText(error), 1, { cause: error });
      }
    }
    throw new CliError(
      `Cannot run "${context.path}": this command line does not manage swarms, plugins or checkpoints; use the daemon's own`,
    );
  });
}

/** The command as one that is refused before any daemon is asked. */
export function refusedCommand(definition: UnservedCommand, why: string): AnyCommand {
  return unserved(definition, async ({ context }) => {
    throw new CliError(`Cannot run "${context.path}": ${why}`);
  });
}

function unserved(
  definition: UnservedCommand,
  run: (invocation: Invocation<Flags>) => Promise<undefined>,
): AnyCommand {
  return defineCommand({
    usage: definition.usage,
    description: definition.description,
    ...(definition.aliases === undefined ? {} : { aliases: definition.aliases }),
    args: argumentsOf(definition.usage),
    flags: readFlags(definition.flags ?? ""),
    flagsEndAtFirstArgument: definition.usage.includes("[COMMAND]"),
    run,
  });
}

/** How many arguments a usage line asks for: `[OPTIONS] NAME REPOSITORY [REPOSITORY...]`. */
export function argumentsOf(usage: string): ArgumentRule {
  const words = usage.split(" ").filter((word) => !/^\[?OPTIONS\]?$/.test(word) && word !== "");
  const needed = words.filter((word) => !/^\[[A-Z-]+[^[]*(?:\.\.\.)?\]$|^\[file\|-\]$/.test(word));
  if (words.some((word) => word.endsWith("...]"))) return atLeast(needed.length);
  if (words.length === 0) return noArguments;
  if (words.length === needed.length) return exactly(words.length);
  return between(needed.length, words.length);
}

const FLAG_LINE = /^(?:-(\w), )?--([\w-]+) ([\w-]+)(?:=(\S+))? (.*)$/;

function readFlags(text: string): Flags {
  const lines = text.split("\n").map((line) => line.trim());
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, short, name, type, initial, usage] = FLAG_LINE.exec(line) ?? [];
      if (name === undefined || type === undefined || usage === undefined) return [];
      return [[name, makeFlag(type, usage, short, initial)] as const];
    }),
  );
}

function makeFlag(
  type: string,
  usage: string,
  short: string | undefined,
  initial: string | undefined,
): Flag<unknown> {
  const flag = flagOfType(type, usage);
  const shown = type === "string" && initial !== undefined ? `"${initial}"` : initial;
  return {
    ...flag,
    ...(short === undefined ? {} : { short }),
    ...(shown === undefined ? {} : { defaultText: shown }),
  };
}

const UINT32_MAX = 2n ** 32n - 1n;

function flagOfType(type: string, usage: string): Flag<unknown> {
  switch (type) {
    case "bool":
      return kinds.bool(usage);
    case "int":
      return kinds.int(usage);
    case "uint":
      return kinds.uint(usage);
    case "uint32":
      return kinds.custom(type, usage, 0, (text) =>
        kinds.parseInteger(text, 0n, UINT32_MAX, "ParseUint"),
      );
    case "duration":
      return kinds.duration(usage);
    case "bytes":
      return kinds.bytes(usage);
    case "decimal":
      return kinds.decimal(usage);
    case "filter":
      return kinds.filter(usage);
    case "float":
      return kinds.custom(type, usage, 0, parseFloat64);
    default:
      return kinds.custom<string>(type, usage, "", (text) => text);
  }
}

function parseFloat64(text: string): number {
  if (text.trim() === "" || Number.isNaN(Number(text))) {
    throw new Error(`strconv.ParseFloat: parsing "${text}": invalid syntax`);
  }
  return Number(text);
}
