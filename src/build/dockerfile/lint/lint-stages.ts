import { posix } from "node:path";
import type { IgnorePatterns } from "../../../spec/ignore-patterns.ts";
import { parsePlatform } from "../../../spec/platform.ts";
import type { Dockerfile, ExpandedInstruction, Instruction, Position, Stage } from "../ast.ts";
import { DockerfileError } from "../dockerfile-error.ts";
import { type Expansion, ExpansionError, expandWord } from "../expand-word.ts";
import { readPortWord } from "../exposed-ports.ts";
import type { GlobalScope, ScopeInputs, StageScope } from "../scope.ts";
import { createGlobalScope } from "../stage-scope.ts";
import { suggest } from "../suggest.ts";
import type { WarningList } from "./warning-list.ts";

export interface StageLintOptions extends Pick<ScopeInputs, "buildArgs" | "platformArgs"> {
  /** `Env` of a stage's base image, by the stage's index; undefined where it is not known. */
  readonly baseEnvironment?: (stage: number) => readonly string[] | undefined;
  /** Of the context. */
  readonly ignore?: IgnorePatterns;
  /** The stages that are looked into; all where absent. */
  readonly stages?: ReadonlySet<number>;
}

/** What is known at a point of a stage, and goes on to stages that stand on it. */
interface StageState {
  readonly scope: StageScope;
  /** The base image's variables are known. */
  readonly isComplete: boolean;
  /** `ARG`s, also those without a value. */
  readonly declared: Set<string>;
  hasWorkdir: boolean;
  hasShell: boolean;
}

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;
/** Given to the builder, not to steps. */
const BUILDER_VARIABLE = /^BUILDKIT_SBOM_SCAN_(?:CONTEXT|STAGE)$/;

/** What needs values: takes the instructions of each stage as a build does. */
export class StageLinter {
  readonly #dockerfile: Dockerfile;
  readonly #options: StageLintOptions;
  readonly #warnings: WarningList;
  readonly #globals: GlobalScope;
  readonly #states = new Map<number, StageState>();
  #missing: ((name: string, position: Position, known: Iterable<string>) => void) | undefined;
  /** The first mistake that makes a build fail. */
  error: DockerfileError | undefined;

  constructor(dockerfile: Dockerfile, options: StageLintOptions, warnings: WarningList) {
    this.#dockerfile = dockerfile;
    this.#options = options;
    this.#warnings = warnings;
    this.#globals = createGlobalScope(dockerfile, {
      buildArgs: options.buildArgs,
      platformArgs: options.platformArgs,
      onMissing: (name, position, known) => this.#missing?.(name, position, known),
    });
  }

  run(): void {
    for (const stage of this.#dockerfile.stages) {
      this.#guard(() => {
        const state = this.#open(stage);
        this.#states.set(stage.index, state);
        if (this.#options.stages?.has(stage.index) === false) return;
        this.#lintPlatform(stage);
        const last = new Map<string, Position>();
        for (const instruction of stage.instructions) {
          this.#guard(() => this.#lintInstruction(instruction, state));
          this.#lintOnce(instruction, last);
        }
      });
    }
  }

  /** A mistake is kept, and the rest looked at all the same. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DockerfileError)) throw error;
      this.error ??= error;
    }
  }

  #open(stage: Stage): StageState {
    this.#missing = (name, position, known) => this.#undefinedInFrom(name, position, known);
    const { name } = this.#globals.base(stage);
    const above = this.#dockerfile.stages
      .slice(0, stage.index)
      .findLast((each) => each.name === name.toLowerCase());
    const parent = above === undefined ? undefined : this.#states.get(above.index);
    if (parent !== undefined) {
      return { ...parent, scope: parent.scope.fork(), declared: new Set(parent.declared) };
    }
    const known = name === "scratch" ? [] : this.#options.baseEnvironment?.(stage.index);
    return {
      scope: this.#globals.stage(known ?? []),
      isComplete: known !== undefined,
      declared: new Set(),
      hasWorkdir: false,
      hasShell: false,
    };
  }

  #undefinedInFrom(name: string, position: Position, known: Iterable<string>): void {
    const declared = this.#dockerfile.globalArgs.flatMap(({ args }) =>
      args.map((each) => each.name),
    );
    if (declared.includes(name)) return;
    const meant = suggest(name, [...declared, ...known]);
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    const message = `FROM argument '${name}' is not declared${hint}`;
    this.#warnings.add("UndefinedArgInFrom", position, message);
  }

  #lintPlatform({ platform, name = "", position }: Stage): void {
    if (platform === undefined) return;
    const { platformArgs } = this.#options;
    const expansion = this.#tryExpand(platform, platformArgs);
    if (expansion === undefined) return;
    const { value, used, missing } = expansion;
    if (used.size === 1 && used.has("TARGETPLATFORM") && missing.size === 0) {
      if (value !== platformArgs.get("TARGETPLATFORM")) return;
      const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
      this.#warnings.add("RedundantTargetPlatform", position, message);
    }
    if (used.size > 0 || missing.size > 0) return;
    try {
      const { os, architecture } = parsePlatform(value);
      if (name.includes(os) || name.includes(architecture)) return;
    } catch {
      return;
    }
    const message = `FROM --platform flag should not use constant value "${value}"`;
    this.#warnings.add("FromPlatformFlagConstDisallowed", position, message);
  }

  #lintInstruction(instruction: Instruction, state: StageState): void {
    const { position } = instruction;
    this.#missing = (name, _, known) => {
      if (state.declared.has(name) || BUILDER_VARIABLE.test(name)) return;
      const meant = suggest(name, known);
      // Where the base's variables are unknown, only what looks like a slip is told.
      if (!state.isComplete && meant === undefined) return;
      const hint = meant === undefined ? "" : ` (did you mean $${meant}?)`;
      const message = `Usage of undefined variable '$${name}'${hint}`;
      this.#warnings.add("UndefinedVar", position, message);
    };
    const expanded = state.scope.expand(instruction);
    this.#missing = undefined;
    if (instruction.kind === "EXPOSE") this.#lintPorts(instruction.ports, position, state);
    this.#lintExpanded(expanded, state);
    if (expanded.kind === "ENV" || expanded.kind === "ARG") state.scope.apply(expanded);
  }

  #lintExpanded(instruction: ExpandedInstruction, state: StageState): void {
    const { position } = instruction;
    const add = this.#warnings.add.bind(this.#warnings);
    switch (instruction.kind) {
      case "SHELL":
        state.hasShell = true;
        return;
      case "CMD":
      case "ENTRYPOINT":
        if (instruction.command.form === "shell" && !state.hasShell) {
          const message = `JSON arguments recommended for ${instruction.kind} to prevent unintended behavior related to OS signals`;
          add("JSONArgsRecommended", position, message);
        }
        return;
      case "MAINTAINER":
        add(
          "MaintainerDeprecated",
          position,
          "Maintainer instruction is deprecated in favor of using label",
        );
        return;
      case "WORKDIR":
        if (posix.isAbsolute(instruction.path)) state.hasWorkdir = true;
        else if (!state.hasWorkdir) {
          const message = `Relative workdir "${instruction.path}" can have unexpected results if the base image changes`;
          add("WorkdirRelativePath", position, message);
        }
        return;
      case "ENV":
        this.#lintSecrets("ENV", instruction.pairs, position);
        return;
      case "ARG":
        for (const { name } of instruction.args) state.declared.add(name);
        this.#lintSecrets("ARG", instruction.args, position);
        return;
      case "COPY":
      case "ADD":
        if (instruction.kind === "ADD" || instruction.from === undefined) {
          this.#lintIgnored(instruction.kind, instruction.sources, position);
        }
    }
  }

  #lintSecrets(kind: "ENV" | "ARG", named: readonly { name: string }[], position: Position): void {
    for (const { name } of named) {
      if (!SECRET.test(name) || NO_SECRET.test(name)) continue;
      const message = `Do not use ARG or ENV instructions for sensitive data (${kind} "${name}")`;
      this.#warnings.add("SecretsUsedInArgOrEnv", position, message);
    }
  }

  /** Exceptions make it undecidable which files of a directory are there: such lists are not checked. */
  #lintIgnored(kind: "COPY" | "ADD", sources: readonly string[], position: Position): void {
    const { ignore } = this.#options;
    if (ignore === undefined || ignore.hasExceptions) return;
    for (const source of sources) {
      if (kind === "ADD" && /^(?:https?:|git@|git:|ssh:)/.test(source)) continue;
      const path = posix.normalize(source).replace(/^\/+(?=.)|(?<=.)\/+$/g, "");
      const isRoot = path === "." || path === "/";
      if (isRoot ? !ignore.ignoresEverything : !ignore.ignores(path)) continue;
      const word = kind === "COPY" ? "Copy" : "Add";
      const message = `Attempting to ${word} file "${path}" that is excluded by .dockerignore`;
      this.#warnings.add("CopyIgnoredFile", position, message);
    }
  }

  #lintPorts(words: readonly string[], position: Position, state: StageState): void {
    const variables = state.scope.runEnvironment();
    for (const port of words.flatMap((word) => this.#tryExpand(word, variables)?.words ?? [])) {
      const { protocol, mapped } = readPort(port);
      if (protocol !== protocol.toLowerCase()) {
        const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
        this.#warnings.add("ExposeProtoCasing", position, message);
      }
      if (mapped) {
        const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
        this.#warnings.add("ExposeInvalidFormat", position, message);
      }
    }
  }

  /** Nothing for a word that a build would refuse. */
  #tryExpand(word: string, variables: ReadonlyMap<string, string>): Expansion | undefined {
    const { escape: mark } = this.#dockerfile.directives;
    try {
      return expandWord(word, (name) => variables.get(name), { escape: mark, quotes: "remove" });
    } catch (error) {
      if (error instanceof ExpansionError) return undefined;
      throw error;
    }
  }

  /** The one before is told: it counts for nothing. */
  #lintOnce({ kind, position }: Instruction, last: Map<string, Position>): void {
    if (kind !== "CMD" && kind !== "ENTRYPOINT" && kind !== "HEALTHCHECK") return;
    const before = last.get(kind);
    last.set(kind, position);
    if (before === undefined) return;
    const message = `Multiple ${kind} instructions should not be used in the same stage because only the last one will be used`;
    this.#warnings.add("MultipleInstructionsDisallowed", before, message);
  }
}

function readPort(word: string): { protocol: string; mapped: boolean } {
  try {
    return readPortWord(word);
  } catch {
    return { protocol: "", mapped: false };
  }
}
