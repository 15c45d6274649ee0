import type {
  ArgInstruction,
  EnvInstruction,
  Expanded,
  Instruction,
  Position,
  Stage,
} from "./ast.ts";

/** What the caller of a build gives to its variables. */
export interface ScopeInputs {
  /** `--build-arg`. */
  readonly buildArgs: ReadonlyMap<string, string>;
  /** `TARGETPLATFORM` and its like: `platformArguments` makes them. */
  readonly platformArgs: ReadonlyMap<string, string>;
  /** Hears of each variable that a word names and that has no value; `known` are those that have one. */
  readonly onMissing?: (name: string, position: Position, known: Iterable<string>) => void;
}

/** The variables that `FROM` sees: `ARG`s before the first stage, and those of platforms. */
export interface GlobalScope {
  /** `FROM`'s image and platform with values; throws `DockerfileError` where the image is empty. */
  base(stage: Stage): { readonly name: string; readonly platform?: string };
  /** The scope at the start of a stage whose base is an image; `NAME=value` of its configuration. */
  stage(environment: readonly string[]): StageScope;
}

/**
 * Variables of one stage while its instructions are taken in order. `ARG` and `ENV` of a name: the later
 * one counts. Throws `DockerfileError`.
 */
export interface StageScope {
  /** A copy for a stage that stands on this one: it inherits `ENV` and `ARG`. */
  fork(): StageScope;
  /**
   * Words with values, checked. `EXPOSE` has `number/protocol` words; `ARG` has the values that count: of
   * the build, else the default, else of the global `ARG`. `RUN`'s command, `CMD`, `ENTRYPOINT`, `SHELL`,
   * `HEALTHCHECK` and `ONBUILD` stay as they are: the shell in the container reads them.
   */
  expand<I extends Instruction>(instruction: I): Expanded<I>;
  /** Takes an expanded `ENV` or `ARG`. */
  apply(instruction: EnvInstruction | ArgInstruction): void;
  /** `Env` of the image's configuration, in the order of first setting. */
  environment(): readonly string[];
  /** What a `RUN` sees: `ENV` and declared `ARG`s, without proxies. */
  runEnvironment(): ReadonlyMap<string, string>;
  /** Declared `ARG`s with values, in order of declaration: for cache keys and history. */
  args(): ReadonlyMap<string, string>;
  /** Proxy arguments that were given: in a `RUN`'s environment, but in no cache key, image or history. */
  proxies(): ReadonlyMap<string, string>;
}
