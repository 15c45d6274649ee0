import { EngineError } from "../../spec/errors.ts";
import type {
  AddInstruction,
  ArgInstruction,
  CopyInstruction,
  Dockerfile,
  EnvInstruction,
  Expanded,
  ExpandedInstruction,
  Instruction,
  NameValue,
  Position,
  RunInstruction,
  Stage,
} from "./ast.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import { type ExpandOptions, type Expansion, ExpansionError, expandWord } from "./expand-word.ts";
import { readPortWord } from "./exposed-ports.ts";
import { parseModeChange } from "./mode-change.ts";
import { MountFault, resolveMount } from "./parse-mount.ts";
import { PROXY_ARGS } from "./predefined-args.ts";
import type { GlobalScope, ScopeInputs, StageScope } from "./scope.ts";
import { didYouMean } from "./suggest.ts";

/** The scope in front of all stages: `ARG`s before the first `FROM` have their values. */
export function createGlobalScope(dockerfile: Dockerfile, inputs: ScopeInputs): GlobalScope {
  const values = new Map(inputs.platformArgs);
  for (const [name, value] of inputs.buildArgs) if (values.has(name)) values.set(name, value);
  const words = new WordExpander(dockerfile, values);
  for (const instruction of dockerfile.globalArgs) {
    for (const declared of instruction.args) {
      const name = words.expand(declared.name, instruction.position);
      const given = inputs.buildArgs.get(name);
      if (given !== undefined) values.set(name, given);
      else if (declared.value !== undefined) {
        values.set(name, words.expand(declared.value, instruction.position));
      }
    }
  }
  return new FileScope(dockerfile, values, inputs);
}

/** Expands words with the variables of one map; mistakes become errors with a place. */
class WordExpander {
  readonly #dockerfile: Dockerfile;
  readonly #values: ReadonlyMap<string, string>;
  readonly #missing:
    | ((name: string, position: Position, known: Iterable<string>) => void)
    | undefined;

  constructor(
    dockerfile: Dockerfile,
    values: ReadonlyMap<string, string>,
    missing?: (name: string, position: Position, known: Iterable<string>) => void,
  ) {
    this.#dockerfile = dockerfile;
    this.#values = values;
    this.#missing = missing;
  }

  expand(word: string, position: Position, options: Partial<ExpandOptions> = {}): string {
    return this.read(word, position, options).value;
  }

  read(word: string, position: Position, options: Partial<ExpandOptions> = {}): Expansion {
    const { directives } = this.#dockerfile;
    try {
      const found = expandWord(word, (name) => this.#values.get(name), {
        escape: directives.escape,
        quotes: "remove",
        ...options,
      });
      for (const name of found.missing) this.#missing?.(name, position, this.#values.keys());
      return found;
    } catch (error) {
      if (!(error instanceof ExpansionError)) throw error;
      this.fail(`failed to process "${word}": ${error.message}`, position, word);
    }
  }

  fail(reason: string, position: Position, subject?: string, hint?: string): never {
    throw new DockerfileError(reason, {
      source: this.#dockerfile.source,
      position,
      ...(subject === undefined ? {} : { subject }),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

class FileScope implements GlobalScope {
  readonly #dockerfile: Dockerfile;
  readonly #values: ReadonlyMap<string, string>;
  readonly #inputs: ScopeInputs;

  constructor(dockerfile: Dockerfile, values: ReadonlyMap<string, string>, inputs: ScopeInputs) {
    this.#dockerfile = dockerfile;
    this.#values = values;
    this.#inputs = inputs;
  }

  base(stage: Stage): { name: string; platform?: string } {
    const name = this.#word(stage, stage.base, `base name (${stage.base}) should not be blank`);
    if (stage.platform === undefined) return { name };
    const reason = `empty platform value from expression ${stage.platform}`;
    return { name, platform: this.#word(stage, stage.platform, reason) };
  }

  stage(environment: readonly string[]): StageScope {
    return InstructionScope.start(this.#dockerfile, this.#values, this.#inputs, environment);
  }

  #word(stage: Stage, word: string, emptyReason: string): string {
    const words = new WordExpander(this.#dockerfile, this.#values, this.#inputs.onMissing);
    const { value, missing } = words.read(word, stage.position);
    if (value !== "") return value;
    const [name] = missing;
    const hint =
      name === undefined
        ? undefined
        : (didYouMean(name, this.#values.keys()) ??
          `${name} has no value: write "ARG ${name}=…" above the first FROM, or give --build-arg ${name}=…`);
    return words.fail(emptyReason, stage.position, word, hint);
  }
}

interface ScopeState {
  /** All that words can name: the later of `ENV` and `ARG` counts. */
  readonly variables: Map<string, string>;
  /** `ENV` alone, the base image's included. */
  readonly environment: Map<string, string>;
  /** Declared `ARG`s that have a value. */
  readonly args: Map<string, string>;
}

class InstructionScope implements StageScope {
  readonly #dockerfile: Dockerfile;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #inputs: ScopeInputs;
  readonly #state: ScopeState;
  readonly #words: WordExpander;

  private constructor(
    dockerfile: Dockerfile,
    globals: ReadonlyMap<string, string>,
    inputs: ScopeInputs,
    state: ScopeState,
  ) {
    this.#dockerfile = dockerfile;
    this.#globals = globals;
    this.#inputs = inputs;
    this.#state = state;
    this.#words = new WordExpander(dockerfile, state.variables, inputs.onMissing);
  }

  static start(
    dockerfile: Dockerfile,
    globals: ReadonlyMap<string, string>,
    inputs: ScopeInputs,
    environment: readonly string[],
  ): InstructionScope {
    const entries = environment.map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    });
    return new InstructionScope(dockerfile, globals, inputs, {
      variables: new Map(entries),
      environment: new Map(entries),
      args: new Map(),
    });
  }

  fork(): StageScope {
    return new InstructionScope(this.#dockerfile, this.#globals, this.#inputs, {
      variables: new Map(this.#state.variables),
      environment: new Map(this.#state.environment),
      args: new Map(this.#state.args),
    });
  }

  expand<I extends Instruction>(instruction: I): Expanded<I> {
    return this.#expand(instruction) as Expanded<I>;
  }

  #expand(instruction: Instruction): ExpandedInstruction {
    const word = (text: string): string => this.#words.expand(text, instruction.position);
    switch (instruction.kind) {
      case "RUN":
        return this.#expandRun(instruction);
      case "COPY":
        return this.#expandFiles(instruction);
      case "ADD": {
        const { checksum } = instruction;
        const expanded = this.#expandFiles(instruction);
        return checksum === undefined ? expanded : { ...expanded, checksum: word(checksum) };
      }
      case "ENV":
      case "LABEL":
        return { ...instruction, pairs: instruction.pairs.map((pair) => expandPair(pair, word)) };
      case "ARG":
        return this.#expandArg(instruction);
      case "EXPOSE":
        return { ...instruction, ports: this.#expandPorts(instruction) };
      case "VOLUME":
        return { ...instruction, paths: instruction.paths.map(word) };
      case "USER":
        return { ...instruction, user: word(instruction.user) };
      case "WORKDIR":
        return { ...instruction, path: word(instruction.path) };
      case "STOPSIGNAL":
        return { ...instruction, signal: word(instruction.signal) };
      default:
        return instruction;
    }
  }

  #expandRun(run: RunInstruction): Expanded<RunInstruction> {
    const mounts = run.mounts.map((flag) => {
      try {
        return resolveMount(flag, (text) => this.#words.expand(text, run.position));
      } catch (error) {
        if (!(error instanceof MountFault)) throw error;
        return this.#words.fail(error.message, run.position, error.subject, error.hint);
      }
    });
    return { ...run, mounts };
  }

  #expandFiles<I extends CopyInstruction | AddInstruction>(instruction: I): I {
    const { position, chown, chmod } = instruction;
    const word = (text: string): string => this.#words.expand(text, position);
    const mode = chmod === undefined ? undefined : word(chmod);
    if (mode !== undefined) this.#guard(position, mode, () => parseModeChange(mode));
    return {
      ...instruction,
      sources: instruction.sources.map(word),
      destination: word(instruction.destination),
      exclude: instruction.exclude.map(word),
      files: instruction.files.map((file) =>
        file.expands ? { ...file, content: this.#expandContent(file.content, position) } : file,
      ),
      ...(chown === undefined ? {} : { chown: word(chown) }),
      ...(mode === undefined ? {} : { chmod: mode }),
    };
  }

  /** In a here-document quotes mean nothing, and `\` escapes whatever the directive says. */
  #expandContent(content: string, position: Position): string {
    return this.#words.expand(content, position, { escape: "\\", quotes: "literal" });
  }

  /** The value is the one that counts: of the build, else the default, else of the global `ARG`. */
  #expandArg(instruction: ArgInstruction): ArgInstruction {
    const { position } = instruction;
    const args = instruction.args.map((declared) => {
      const name = this.#words.expand(declared.name, position);
      const value =
        this.#inputs.buildArgs.get(name) ??
        (declared.value === undefined
          ? this.#globals.get(name)
          : this.#words.expand(declared.value, position));
      return value === undefined ? { name } : { name, value };
    });
    return { ...instruction, args };
  }

  #expandPorts(instruction: { ports: readonly string[]; position: Position }): readonly string[] {
    const words = instruction.ports.flatMap(
      (port) => this.#words.read(port, instruction.position).words,
    );
    return words.flatMap((word) =>
      this.#guard(instruction.position, word, () => readPortWord(word).ports),
    );
  }

  /** Puts a place to what a value's reader objects to. */
  #guard<T>(position: Position, subject: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof EngineError) this.#words.fail(error.message, position, subject);
      throw error;
    }
  }

  apply(instruction: EnvInstruction | ArgInstruction): void {
    const { variables, environment, args } = this.#state;
    if (instruction.kind === "ENV") {
      for (const { name, value } of instruction.pairs) {
        environment.set(name, value);
        variables.set(name, value);
      }
      return;
    }
    for (const { name, value } of instruction.args) {
      if (value === undefined) continue;
      args.set(name, value);
      variables.set(name, value);
    }
  }

  environment(): readonly string[] {
    return [...this.#state.environment].map(([name, value]) => `${name}=${value}`);
  }

  runEnvironment(): ReadonlyMap<string, string> {
    return this.#state.variables;
  }

  args(): ReadonlyMap<string, string> {
    return this.#state.args;
  }

  proxies(): ReadonlyMap<string, string> {
    const { variables } = this.#state;
    const given = [...this.#inputs.buildArgs];
    return new Map(given.filter(([name]) => PROXY_ARGS.has(name) && !variables.has(name)));
  }
}

const expandPair = ({ name, value }: NameValue, word: (text: string) => string): NameValue => ({
  name: word(name),
  value: word(value),
});
