import type { EngineClient } from "../client/index.ts";
import { CliError } from "./cli-error.ts";
import type { AnyCommand, BuildInfo, CommandContext } from "./command.ts";
import { type CommandNode, findChild } from "./command-node.ts";
import { COMMAND_TREE } from "./command-tree.ts";
import { type ConfigFile, readConfigFile } from "./connection/config-file.ts";
import { connect } from "./connection/connect.ts";
import { describeFailure } from "./describe-failure.ts";
import type { Flags, ParsedFlags } from "./flags/flag.ts";
import { FlagError, HelpRequested, parseFlags } from "./flags/parse-flags.ts";
import { type GlobalFlags, globalFlags } from "./global-flags.ts";
import type { Output } from "./output.ts";
import type { RegistryAccess } from "./registry-access.ts";
import type { TerminalControl } from "./terminal/terminal-control.ts";
import type { TreeFiles } from "./tree-files.ts";

/** What the composition root gives to the command line. */
export interface CliHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly build: BuildInfo;
  terminal(): Promise<TerminalControl>;
  registry(): Promise<RegistryAccess>;
  trees(): Promise<TreeFiles>;
  /** Commands that stand beside the command line's own. */
  readonly commands?: readonly CommandNode[];
}

const PROGRAM = "berth";
const FLAG_ERROR = 125;

/**
 * Runs one command line and flushes its output.
 *
 * @param argv without the program's name.
 * @returns the exit code.
 */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  let code: number;
  try {
    code = await new CommandLine(host).run(argv);
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.message !== "") host.stderr.line(failure.message);
    code = failure.exitCode;
  }
  try {
    await host.stdout.flush();
    await host.stderr.flush();
  } catch (error) {
    return describeFailure(error).exitCode;
  }
  return code;
}

const NO_FLAGS: ParsedFlags<Flags> = { values: {}, changed: new Set(), args: [] };

class CommandLine {
  readonly #host: CliHost;
  readonly #tree: readonly CommandNode[];

  constructor(host: CliHost) {
    this.#host = host;
    this.#tree = [...COMMAND_TREE, ...(host.commands ?? [])];
  }

  async run(argv: readonly string[]): Promise<number> {
    const flags = globalFlags(this.#host.environment);
    let parsed: ParsedFlags<typeof flags>;
    try {
      parsed = parseFlags(flags, argv, { interspersed: false });
    } catch (error) {
      if (error instanceof HelpRequested) return this.#rootHelp(this.#host.stdout);
      throw await withUsage(error, `${PROGRAM} [OPTIONS] COMMAND [ARG...]`, PROGRAM, flags);
    }
    const level = parsed.values["log-level"];
    if (!/^(?:debug|info|warn|warning|error|fatal|panic|trace)$/i.test(level)) {
      throw new CliError(`Unable to parse logging level: ${level}`);
    }
    if (parsed.values.version) {
      const { version, commit } = this.#host.build;
      this.#host.stdout.line(`Berth version ${version}, build ${commit}`);
      return 0;
    }
    if (parsed.args[0] === undefined) return this.#rootHelp(this.#host.stderr);
    if (parsed.args[0] === "__complete") return this.#complete(parsed.args.slice(1), parsed);
    if (parsed.args[0] === "help") return this.#helpTopic(parsed.args.slice(1));
    return this.#dispatch(this.#tree, PROGRAM, parsed.args, parsed, NO_FLAGS);
  }

  async #dispatch(
    nodes: readonly CommandNode[],
    path: string,
    words: readonly string[],
    globals: ParsedFlags<GlobalFlags>,
    group: ParsedFlags<Flags>,
  ): Promise<number> {
    const [word = "", ...rest] = words;
    const node = findChild(nodes, word);
    if (node === undefined) throw await unknownCommand(path, word, nodes);
    const deeper = `${path} ${node.name}`;
    // `build PATH` has commands below it, too: their names come before directories of the same name.
    const below =
      node.load === undefined ? undefined : findChild(node.children ?? [], rest[0] ?? "");
    if (node.load !== undefined && below === undefined) {
      const context = this.#context(deeper, globals, group);
      // Read while the command is loaded; whoever needs it hears of a failure.
      context.config().catch(() => {});
      const { command } = await node.load();
      return this.#runCommand(command, rest, context);
    }
    const parsed = await this.#groupArguments(node, rest, deeper);
    if (parsed === "help") return this.#groupHelp(node, deeper, this.#host.stdout);
    if (parsed.args[0] === undefined) return this.#groupHelp(node, deeper, this.#host.stderr);
    const inner = node.flags === undefined ? group : parsed;
    return this.#dispatch(node.children ?? [], deeper, parsed.args, globals, inner);
  }

  async #groupArguments(
    { flags = {} }: CommandNode,
    words: readonly string[],
    path: string,
  ): Promise<ParsedFlags<Flags> | "help"> {
    try {
      return parseFlags(flags, words, { interspersed: false });
    } catch (error) {
      if (!(error instanceof HelpRequested)) throw await withUsage(error, path, path, flags);
      if (error.shorthand) this.#deprecatedShorthand();
      return "help";
    }
  }

  async #runCommand(
    command: AnyCommand,
    words: readonly string[],
    context: CommandContext,
  ): Promise<number> {
    const { path } = context;
    const usage = command.usage === "" ? path : `${path} ${command.usage}`;
    let parsed: ParsedFlags<AnyCommand["flags"]>;
    try {
      parsed = parseFlags(command.flags, words, {
        interspersed: command.flagsEndAtFirstArgument !== true,
      });
    } catch (error) {
      if (!(error instanceof HelpRequested))
        throw await withUsage(error, usage, path, command.flags);
      if (error.shorthand) this.#deprecatedShorthand();
      return this.#commandHelp(command, path);
    }
    command.args(parsed.args, { path, usage });
    return (await command.run({ ...parsed, context })) ?? 0;
  }

  #context(
    path: string,
    globals: ParsedFlags<GlobalFlags>,
    group: ParsedFlags<Flags> = NO_FLAGS,
  ): CommandContext {
    const host = this.#host;
    let config: Promise<ConfigFile> | undefined;
    let client: Promise<EngineClient> | undefined;
    const readConfig = (): Promise<ConfigFile> => {
      config ??= readConfigFile(globals.values.config);
      return config;
    };
    return {
      path,
      stdout: host.stdout,
      stderr: host.stderr,
      build: host.build,
      configDirectory: globals.values.config,
      environment: host.environment,
      terminal: () => host.terminal(),
      registry: () => host.registry(),
      trees: () => host.trees(),
      globals,
      group,
      config: readConfig,
      client: () => {
        client ??= connect({
          flags: globals.values,
          changed: globals.changed,
          environment: host.environment,
          config: readConfig,
        });
        return client;
      },
    };
  }

  /** For the scripts of `completion`: candidates for the last word. */
  async #complete(words: readonly string[], globals: ParsedFlags<GlobalFlags>): Promise<number> {
    const { complete } = await import("./complete.ts");
    const candidates = await complete(words, {
      tree: this.#tree,
      globalFlags: globalFlags(this.#host.environment),
      client: () => this.#context(PROGRAM, globals).client(),
    });
    this.#host.stdout.write(candidates.map((each) => `${each}\n`).join(""));
    return 0;
  }

  #deprecatedShorthand(): void {
    this.#host.stdout.line("Flag shorthand -h has been deprecated, use --help");
  }

  async #width(): Promise<number> {
    const { isTerminal } = await import("./terminal/is-terminal.ts");
    if (!isTerminal(this.#host.stdout.fd)) return DEFAULT_WIDTH;
    const terminal = await this.#host.terminal();
    return terminal.size(this.#host.stdout.fd)?.columns || DEFAULT_WIDTH;
  }

  async #helpTopic(words: readonly string[]): Promise<number> {
    let nodes = this.#tree;
    let path = PROGRAM;
    let node: CommandNode | undefined;
    for (const word of words) {
      node = findChild(nodes, word);
      if (node === undefined) throw new CliError(`unknown help topic: ${words.join(" ")}`);
      path = `${path} ${node.name}`;
      nodes = node.children ?? [];
    }
    if (node === undefined) return this.#rootHelp(this.#host.stdout);
    if (node.load === undefined) return this.#groupHelp(node, path, this.#host.stdout);
    return this.#commandHelp((await node.load()).command, path);
  }

  async #commandHelp(command: AnyCommand, path: string): Promise<number> {
    const { commandHelp } = await import("./help/help-page.ts");
    this.#host.stdout.write(commandHelp(command, path, (await this.#width()) - 1));
    return 0;
  }

  async #groupHelp(node: CommandNode, path: string, output: Output): Promise<number> {
    const { groupHelp } = await import("./help/help-page.ts");
    output.write(groupHelp(node, path, (await this.#width()) - 1));
    return 0;
  }

  async #rootHelp(output: Output): Promise<number> {
    const { programHelp } = await import("./help/help-page.ts");
    const flags = globalFlags(this.#host.environment);
    output.write(programHelp(PROGRAM, this.#tree, flags, (await this.#width()) - 1));
    return 0;
  }
}

const DEFAULT_WIDTH = 80;

async function unknownCommand(
  path: string,
  word: string,
  nodes: readonly CommandNode[],
): Promise<CliError> {
  const { nearestWord } = await import("./help/nearest-word.ts");
  const names = nodes.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  const meant = nearestWord(word, names);
  const hint = meant === undefined ? "" : `Did you mean '${path} ${meant}'?\n\n`;
  const usage = path === PROGRAM ? "" : `Usage:  ${path}\n\n`;
  return new CliError(
    `${PROGRAM}: unknown command: ${path} ${word}\n\n${hint}${usage}Run '${path} --help' for more information`,
  );
}

/** A wrong flag, with the hint that Docker's CLI gives; other errors as they are. */
async function withUsage(
  error: unknown,
  usage: string,
  path: string,
  flags: Flags,
): Promise<unknown> {
  if (!(error instanceof FlagError)) return error;
  const [, wrong] = /^unknown flag: --(.*)$/.exec(error.message) ?? [];
  const { nearestWord } = await import("./help/nearest-word.ts");
  const meant = wrong === undefined ? undefined : nearestWord(wrong, Object.keys(flags));
  const hint = meant === undefined ? "" : `\nDid you mean --${meant}?`;
  return new CliError(
    `${error.message}${hint}\n\nUsage:  ${usage}\n\nRun '${path} --help' for more information`,
    FLAG_ERROR,
    { cause: error },
  );
}
