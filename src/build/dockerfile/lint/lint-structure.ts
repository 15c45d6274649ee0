import { parseReference } from "../../../spec/reference.ts";
import type { ArgInstruction, Dockerfile, Position, Stage } from "../ast.ts";
import { createGlobalScope } from "../stage-scope.ts";
import type { WarningList } from "./warning-list.ts";

const RESERVED_NAMES: ReadonlySet<string> = new Set(["context", "scratch"]);

/** What the text alone tells, of all stages. */
export function lintStructure(
  dockerfile: Dockerfile,
  platformArgs: ReadonlyMap<string, string>,
  warnings: WarningList,
): void {
  lintStageNames(dockerfile, warnings);
  lintCasing(dockerfile, warnings);
  lintDefaults(dockerfile, platformArgs, warnings);
  lintDescriptions(dockerfile, warnings);
  for (const { rule, position, subject } of dockerfile.findings) {
    const message =
      rule === "NoEmptyContinuation"
        ? "Empty continuation line"
        : `"${subject} key=value" should be used instead of legacy "${subject} key value" format`;
    warnings.add(rule, position, message);
  }
}

function lintStageNames({ stages }: Dockerfile, warnings: WarningList): void {
  const seen = new Set<string>();
  for (const { name, writtenName, position } of stages) {
    if (name === undefined || writtenName === undefined) continue;
    if (writtenName !== name) {
      warnings.add("StageNameCasing", position, `Stage name '${writtenName}' should be lowercase`);
    }
    if (RESERVED_NAMES.has(name)) {
      const message = `Stage name should not use the same name as reserved stage "${name}"`;
      warnings.add("ReservedStageName", position, message);
    }
    if (seen.has(name)) {
      const message = `Duplicate stage name "${name}", stage names should be unique`;
      warnings.add("DuplicateStageName", position, message);
    }
    seen.add(name);
  }
}

/** `FROM` of `FROM x AS y`, and `AS`. */
function fromWords(stage: Stage): { from: string; as: string | undefined } {
  const [from = "", ...rest] = stage.text.split(/\s+/);
  return { from, as: stage.name === undefined ? undefined : rest.at(-2) };
}

const isLower = (word: string): boolean => word === word.toLowerCase();
const isUpper = (word: string): boolean => word === word.toUpperCase();

function lintCasing({ stages }: Dockerfile, warnings: WarningList): void {
  const keywords: { keyword: string; position: Position }[] = [];
  for (const stage of stages) {
    const { from, as } = fromWords(stage);
    keywords.push({ keyword: from, position: stage.position }, ...stage.instructions);
    const agree = as === undefined || (isLower(from) ? isLower(as) : !isUpper(from) || isUpper(as));
    if (!agree) {
      const message = `'${as}' and '${from}' keywords' casing do not match`;
      warnings.add("FromAsCasing", stage.position, message);
    }
  }
  const lower = keywords.filter(({ keyword }) => isLower(keyword)).length;
  const upper = keywords.filter(({ keyword }) => isUpper(keyword)).length;
  const isWanted = lower > upper ? isLower : isUpper;
  for (const { keyword, position } of keywords) {
    if (isWanted(keyword)) continue;
    const wanted = lower > upper ? "lowercase" : "uppercase";
    const message = `Command '${keyword}' should match the case of the command majority (${wanted})`;
    warnings.add("ConsistentInstructionCasing", position, message);
  }
}

/** Bases as they are when nobody gives a `--build-arg`. */
function lintDefaults(
  dockerfile: Dockerfile,
  platformArgs: ReadonlyMap<string, string>,
  warnings: WarningList,
): void {
  const isValid = (stage: Stage): boolean => {
    try {
      const scope = createGlobalScope(dockerfile, { buildArgs: new Map(), platformArgs });
      parseReference(scope.base(stage).name);
      return true;
    } catch {
      return false;
    }
  };
  for (const stage of dockerfile.stages) {
    if (!stage.base.includes("$") || isValid(stage)) continue;
    const message = `Default value for ARG ${stage.base} results in empty or invalid base image name`;
    warnings.add("InvalidDefaultArgInFrom", stage.position, message);
  }
}

function lintDescriptions({ globalArgs, stages }: Dockerfile, warnings: WarningList): void {
  const check = (
    kind: "ARG" | "FROM",
    names: readonly string[],
    comment: string | undefined,
    position: Position,
  ): void => {
    const [first] = names;
    if (comment === undefined || first === undefined) return;
    if (names.includes(comment.split(" ")[0] ?? "")) return;
    const example = names.length > 1 ? "<arg_key>" : first;
    const message = `Comment for ${kind} should follow the format: \`# ${example} <description>\``;
    warnings.add("InvalidDefinitionDescription", position, message);
  };
  const checkArg = ({ args, comment, position }: ArgInstruction): void =>
    check(
      "ARG",
      args.map(({ name }) => name),
      comment,
      position,
    );
  globalArgs.forEach(checkArg);
  for (const { writtenName, comment, position, instructions } of stages) {
    check("FROM", writtenName === undefined ? [] : [writtenName], comment, position);
    for (const each of instructions) if (each.kind === "ARG") checkArg(each);
  }
}
