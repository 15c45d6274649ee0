import type { ArgInstruction, Dockerfile, Instruction, Position, Stage } from "./ast.ts";
import { planStages } from "./plan-stages.ts";
import type { GlobalScope } from "./scope.ts";
import type { PlanOptions } from "./stage-plan.ts";

/** Lines of a file, as BuildKit's answers have them. */
export interface Location {
  readonly ranges: readonly { readonly start: { line: number }; readonly end: { line: number } }[];
}

/** What `--call=targets` answers; names as BuildKit's `subrequests/targets` has them. */
export interface TargetList {
  readonly targets: readonly {
    readonly name?: string;
    readonly default?: true;
    readonly description?: string;
    readonly base: string;
    readonly platform?: string;
    readonly location: Location;
  }[];
  /** Base64. */
  readonly sources: readonly string[];
}

interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly location: Location;
}

interface OutlineMount {
  readonly name: string;
  readonly required?: true;
  readonly location: Location;
}

/** What `--call=outline` answers: what a build of the target can be given. As `subrequests/outline`. */
export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args?: readonly OutlineArg[];
  readonly secrets?: readonly OutlineMount[];
  readonly ssh?: readonly OutlineMount[];
  readonly sources: readonly string[];
}

export const locationOf = ({ line, endLine }: Position): Location => ({
  ranges: [{ start: { line }, end: { line: endLine } }],
});

export const sourceText = ({ source }: Dockerfile): string => source.lines.join("\n");

const sourcesOf = (dockerfile: Dockerfile): string[] => [
  Buffer.from(sourceText(dockerfile)).toString("base64"),
];

/** The line of a comment that begins with the name of what it stands above, without that name. */
function description(comment: string | undefined, name: string | undefined): string | undefined {
  if (comment === undefined || name === undefined) return undefined;
  for (const line of comment.split("\n")) {
    const text = line.trim();
    if (text.startsWith(`${name} `)) return text.slice(name.length + 1).trim();
  }
  return undefined;
}

const given = <K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });

/** Every stage of the file. */
export function listTargets(dockerfile: Dockerfile): TargetList {
  const last = dockerfile.stages.at(-1);
  const targets = dockerfile.stages.map((stage) => ({
    ...given("name", stage.name),
    ...(stage === last ? { default: true as const } : {}),
    ...given("description", description(stage.comment, stage.writtenName)),
    base: stage.base,
    ...given("platform", stage.platform),
    location: locationOf(stage.position),
  }));
  return { targets, sources: sourcesOf(dockerfile) };
}

/** Arguments, secrets and agents of a target and of all that it needs. */
export function outlineTarget(
  dockerfile: Dockerfile,
  globals: GlobalScope,
  options: PlanOptions & { readonly buildArgs: ReadonlyMap<string, string> },
): Outline {
  const plan = planStages(dockerfile, globals, options);
  const stages = plan.stages.map(({ stage }) => stage);
  const { stage } = plan.target;
  const instructions = stages.flatMap((each) => each.instructions);
  const args = outlineArgs(dockerfile, stages, instructions, options.buildArgs);
  const secrets = mountsOf(instructions, "secret");
  const ssh = mountsOf(instructions, "ssh");
  return {
    ...given("name", stage.name),
    ...given("description", description(stage.comment, stage.writtenName)),
    ...(args.length === 0 ? {} : { args }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(ssh.length === 0 ? {} : { ssh }),
    sources: sourcesOf(dockerfile),
  };
}

/** Global ones count where a `FROM` or an `ARG` of the stages names them; the first declaration is shown. */
function outlineArgs(
  dockerfile: Dockerfile,
  stages: readonly Stage[],
  instructions: readonly Instruction[],
  buildArgs: ReadonlyMap<string, string>,
): OutlineArg[] {
  const declared = instructions.filter((each): each is ArgInstruction => each.kind === "ARG");
  const inStages = new Set(declared.flatMap(({ args }) => args.map(({ name }) => name)));
  const bases = stages.map(({ base, platform }) => `${base} ${platform ?? ""}`).join("\n");
  const names = (name: string): boolean => new RegExp(`\\$\\{?${name}\\b`).test(bases);
  const found = new Map<string, OutlineArg>();
  const take = (instruction: ArgInstruction, counts: (name: string) => boolean): void => {
    for (const { name, value } of instruction.args) {
      if (found.has(name) || !counts(name)) continue;
      found.set(name, {
        name,
        ...given("description", description(instruction.comment, name)),
        ...given("value", buildArgs.get(name) ?? value),
        location: locationOf(instruction.position),
      });
    }
  };
  for (const each of dockerfile.globalArgs) take(each, (name) => inStages.has(name) || names(name));
  for (const each of declared) take(each, () => true);
  return [...found.values()];
}

function mountsOf(instructions: readonly Instruction[], type: "secret" | "ssh"): OutlineMount[] {
  const found = new Map<string, OutlineMount>();
  for (const instruction of instructions) {
    if (instruction.kind !== "RUN") continue;
    for (const mount of instruction.mounts.filter((each) => each.type === type)) {
      const { options } = mount;
      const target = options.get("target")?.split("/").at(-1);
      const name = options.get("id") ?? (type === "ssh" ? "default" : target);
      if (name === undefined) continue;
      const required = options.get("required") === "true" || found.get(name)?.required === true;
      const first = found.get(name)?.location ?? locationOf(instruction.position);
      found.set(name, { name, ...(required ? { required } : {}), location: first });
    }
  }
  return [...found.values()];
}
