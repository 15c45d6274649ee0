import type { EngineClient } from "../client/index.ts";
import { CliError } from "./cli-error.ts";
import type { ConfigFile } from "./connection/config-file.ts";
import type { Flags, ParsedFlags } from "./flags/flag.ts";
import type { GlobalFlags } from "./global-flags.ts";
import type { Output } from "./output.ts";
import type { RegistryAccess } from "./registry-access.ts";
import type { TerminalControl } from "./terminal/terminal-control.ts";
import type { TreeFiles } from "./tree-files.ts";

/** What the build says of the program. */
export interface BuildInfo {
  readonly version: string;
  /** Empty where nothing was built. */
  readonly commit: string;
  /** RFC 3339; empty where nothing was built. */
  readonly time: string;
}

/** What a command may use. Everything costly is made when first asked for. */
export interface CommandContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly build: BuildInfo;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `berth container ls`: as the user reached the command. */
  readonly path: string;
  /** Fails where the endpoint cannot be read; the daemon is not asked yet. */
  client(): Promise<EngineClient>;
  /** Where `config.json` stands. */
  readonly configDirectory: string;
  config(): Promise<ConfigFile>;
  terminal(): Promise<TerminalControl>;
  /** Unpacks what a daemon sends. */
  trees(): Promise<TreeFiles>;
  /** Registries without a daemon. */
  registry(): Promise<RegistryAccess>;
  /** The caller's own files as archives. */
  /** `--tls` and its like, for a second daemon too. */
  readonly globals: ParsedFlags<GlobalFlags>;
  /** What stands between a group's name and the command's: `compose -f FILE up`. */
  readonly group: ParsedFlags<Flags>;
}

export interface Invocation<F extends Flags> extends ParsedFlags<F> {
  readonly context: CommandContext;
}

/** How many arguments a command takes: `check` throws with Docker's words and a hint. */
export type ArgumentRule = (
  args: readonly string[],
  command: { path: string; usage: string },
) => void;

export interface CommandDefinition<F extends Flags = Flags> {
  /** What follows the path in help: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  /** The page's text; the first line of lists stands in the tree. */
  readonly description: string;
  /** All paths of the command without the program's name, where there are several. */
  readonly aliases?: readonly string[];
  readonly args: ArgumentRule;
  readonly flags: F;
  /** `run IMAGE -x`: what follows the first argument belongs to it. */
  readonly flagsEndAtFirstArgument?: boolean;
  /** Exit code; absent is 0. Throws `CliError` or an `EngineError` of the daemon. */
  readonly run: (invocation: Invocation<F>) => Promise<number | undefined>;
}

/** A command whose flags are no longer known by type. */
export type AnyCommand = Omit<CommandDefinition, "run"> & {
  run(invocation: Invocation<Flags>): Promise<number | undefined>;
};

/** Lets the handler's `values` have the types of the flags. */
export function defineCommand<F extends Flags>(definition: CommandDefinition<F>): AnyCommand {
  return definition as unknown as AnyCommand;
}

const plural = (count: number): string => (count === 1 ? "argument" : "arguments");

function rule(
  fits: (count: number) => boolean,
  wants: string,
  hint: "Run" | "See" = "Run",
): ArgumentRule {
  return (args, { path, usage }) => {
    if (fits(args.length)) return;
    throw new CliError(
      `${path.split(" ")[0]}: '${path}' ${wants}\n\nUsage:  ${usage}\n\n${hint} '${path} --help' for more information`,
    );
  };
}

export const noArguments: ArgumentRule = rule((count) => count === 0, "accepts no arguments");

export const exactly = (want: number): ArgumentRule =>
  rule((count) => count === want, `requires ${want} ${plural(want)}`);

export const atLeast = (want: number): ArgumentRule =>
  rule((count) => count >= want, `requires at least ${want} ${plural(want)}`, "See");

export const atMost = (want: number): ArgumentRule =>
  rule((count) => count <= want, `requires at most ${want} ${plural(want)}`);

export const between = (min: number, max: number): ArgumentRule =>
  rule(
    (count) => count >= min && count <= max,
    `requires at least ${min} and at most ${max} ${plural(max)}`,
  );
