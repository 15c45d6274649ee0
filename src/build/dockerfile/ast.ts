/**
 * A Dockerfile as it is written: words still hold their variables and quotes, `StageScope.expand`
 * makes values of them. Lines and columns start at 1.
 */

export interface Position {
  readonly line: number;
  /** The last line, here-documents included. */
  readonly endLine: number;
}

/** The text of the file, for excerpts in errors and warnings. */
export interface DockerfileSource {
  /** As the user named it: `Dockerfile`, `build/web.Dockerfile`. */
  readonly name: string;
  readonly lines: readonly string[];
}

/** What continues a line at its end and takes the meaning off the next character. */
export type Escape = "\\" | "`";

export interface Directives {
  /** `# syntax=docker/dockerfile:1`: accepted and kept, no frontend is loaded. */
  readonly syntax?: string;
  readonly escape: Escape;
  readonly check?: CheckDirective;
}

/** `# check=skip=A,B;error=true;experimental=C`; `skip=all` is `["all"]`. */
export interface CheckDirective {
  readonly skip: readonly string[];
  readonly error: boolean;
  readonly experimental: readonly string[];
}

export interface Dockerfile {
  readonly directives: Directives;
  /** `ARG`s before the first `FROM`. */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
  readonly source: DockerfileSource;
  /** What only a linter can object to. */
  readonly findings: readonly SyntaxFinding[];
  /** `# check=skip=…` right above an instruction, by the instruction's first line. */
  readonly checks: ReadonlyMap<number, CheckDirective>;
}

/** What the syntax tree no longer shows: found where lines are put together. */
export interface SyntaxFinding {
  readonly rule: "NoEmptyContinuation" | "LegacyKeyValueFormat";
  readonly position: Position;
  /** What the rule's message names, an instruction as a rule. */
  readonly subject: string;
}

export interface Stage {
  readonly index: number;
  /** Lower case: stage names know no case. */
  readonly name?: string;
  /** `AS Name` as it is written. */
  readonly writtenName?: string;
  /** The image, a stage before this one or `scratch`; variables unexpanded. */
  readonly base: string;
  /** `--platform`, unexpanded. */
  readonly platform?: string;
  readonly instructions: readonly Instruction[];
  /** Of its `FROM`. */
  readonly position: Position;
  /** Its `FROM` as it is written. */
  readonly text: string;
  /** The comment lines right above `FROM`, without `#`. */
  readonly comment?: string;
}

interface InstructionBase {
  readonly position: Position;
  /** As written: continuation lines joined, comments between them and here-documents left out. */
  readonly text: string;
  /** The word that the user wrote: `run`, `Run`, `RUN`. */
  readonly keyword: string;
}

/** `COPY <<EOF /to`: a file that stands in the Dockerfile. */
export interface InlineFile {
  /** The delimiter, which is the file's name, too. */
  readonly name: string;
  /** With its last newline; tabs taken off for `<<-`. */
  readonly content: string;
  /** False where the delimiter is quoted. */
  readonly expands: boolean;
}

/** What `RUN`, `CMD`, `ENTRYPOINT` and health checks execute. */
export type CommandLine =
  | { readonly form: "exec"; readonly args: readonly string[] }
  /** For the shell of `SHELL`, as one argument; here-documents of the line are part of it. */
  | { readonly form: "shell"; readonly script: string }
  /** `RUN <<EOF` whose text begins with `#!`: an executable file (0755) that is run without arguments. */
  | { readonly form: "script"; readonly name: string; readonly content: string };

export interface FromInstruction extends InstructionBase {
  readonly kind: "FROM";
  readonly stage: number;
}

export type MountType = "bind" | "cache" | "tmpfs" | "secret" | "ssh";

/** `--mount=…` as written: values unexpanded, of all keys but `type` and `from`. */
export interface MountFlag {
  readonly type: MountType;
  readonly from?: string;
  /** Keys in their first spelling (`target` for `dst`); flags without a value are `true`. */
  readonly options: ReadonlyMap<string, string>;
  readonly text: string;
}

interface MountOwner {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A mount whose values are expanded and checked. Targets may be relative: to the working directory. */
export type RunMount =
  | {
      readonly type: "bind";
      readonly target: string;
      /** A stage, image or named context; absent is the build context. */
      readonly from?: string;
      /** `/` where absent. */
      readonly source: string;
      /** Writes are allowed, and thrown away. */
      readonly writable: boolean;
    }
  | ({
      readonly type: "cache";
      /** The target where absent. */
      readonly id: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly sharing: "shared" | "private" | "locked";
      /** What an empty cache starts with. */
      readonly from?: string;
      readonly source?: string;
    } & MountOwner)
  /** `size` in bytes. */
  | { readonly type: "tmpfs"; readonly target: string; readonly size?: number }
  | ({
      readonly type: "secret";
      readonly id: string;
      /** Absent where only `env` is given. */
      readonly target?: string;
      readonly env?: string;
      readonly required: boolean;
    } & MountOwner)
  | ({
      readonly type: "ssh";
      /** `default` where absent. */
      readonly id: string;
      /** Absent: a path that the builder chooses. */
      readonly target?: string;
      readonly required: boolean;
    } & MountOwner);

export interface RunInstruction extends InstructionBase {
  readonly kind: "RUN";
  readonly command: CommandLine;
  readonly mounts: readonly MountFlag[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly DeviceFlag[];
}

/** `--device=vendor.com/class=name,required`. */
export interface DeviceFlag {
  readonly name: string;
  readonly required: boolean;
}

interface FileSources extends InstructionBase {
  /** Paths and patterns; for `ADD` URLs and git repositories, too. */
  readonly sources: readonly string[];
  readonly files: readonly InlineFile[];
  readonly destination: string;
  /** `user[:group]`, names or numbers. */
  readonly chown?: string;
  /** Octal or symbolic: `parseModeChange` reads it. */
  readonly chmod?: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends FileSources {
  readonly kind: "COPY";
  readonly from?: string;
  readonly parents: boolean;
}

export interface AddInstruction extends FileSources {
  readonly kind: "ADD";
  /** `sha256:…` of a remote file, or a git commit. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  /** Absent: local archives are unpacked, remote ones are not. */
  readonly unpack?: boolean;
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: "ENV";
  readonly pairs: readonly NameValue[];
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: "LABEL";
  readonly pairs: readonly NameValue[];
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: "ARG";
  readonly args: readonly ArgDeclaration[];
  readonly comment?: string;
}

export interface ArgDeclaration {
  readonly name: string;
  /** The default. */
  readonly value?: string;
}

export interface CommandInstruction extends InstructionBase {
  readonly kind: "CMD" | "ENTRYPOINT";
  /** An empty exec form clears what the base says. Never of the form `script`. */
  readonly command: CommandLine;
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: "HEALTHCHECK";
  readonly check: "none" | HealthCommand;
}

/** Durations in nanoseconds; absent is the engine's default. */
export interface HealthCommand {
  readonly command: CommandLine;
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: "EXPOSE";
  /** `exposedPorts` reads them. */
  readonly ports: readonly string[];
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: "VOLUME";
  readonly paths: readonly string[];
}

export interface UserInstruction extends InstructionBase {
  readonly kind: "USER";
  readonly user: string;
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: "WORKDIR";
  readonly path: string;
}

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: "ONBUILD";
  /** What the image's configuration keeps: `parseTrigger` reads it again. */
  readonly expression: string;
  readonly instruction: Instruction;
}

export interface StopsignalInstruction extends InstructionBase {
  readonly kind: "STOPSIGNAL";
  readonly signal: string;
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: "SHELL";
  readonly shell: readonly string[];
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: "MAINTAINER";
  readonly maintainer: string;
}

/** An instruction of a stage; `FROM` is the stage itself. */
export type Instruction =
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ArgInstruction
  | CommandInstruction
  | HealthcheckInstruction
  | ExposeInstruction
  | VolumeInstruction
  | UserInstruction
  | WorkdirInstruction
  | OnbuildInstruction
  | StopsignalInstruction
  | ShellInstruction
  | MaintainerInstruction;

export type InstructionKind = Instruction["kind"];

/** `RUN` with its mounts read; everything else keeps its shape. */
export type Expanded<I extends Instruction> = I extends RunInstruction
  ? Omit<RunInstruction, "mounts"> & { readonly mounts: readonly RunMount[] }
  : I;

export type ExpandedInstruction = Expanded<Instruction>;
