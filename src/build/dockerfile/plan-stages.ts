import { errorMessage } from "../../spec/errors.ts";
import { parseReference, type Reference } from "../../spec/reference.ts";
import type { Dockerfile, Instruction, Position, Stage } from "./ast.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import type { GlobalScope } from "./scope.ts";
import type { BuildPlan, PlannedStage, PlanOptions, Source } from "./stage-plan.ts";
import { didYouMean, suggest } from "./suggest.ts";

/**
 * What a target needs, in order. `ONBUILD` of images is unknown before they are fetched: plan again with
 * `triggers` where a base has some. Throws `DockerfileError`.
 */
export function planStages(
  dockerfile: Dockerfile,
  globals: GlobalScope,
  options: PlanOptions = {},
): BuildPlan {
  const planner = new StagePlanner(dockerfile, globals, options);
  const target = findTarget(dockerfile, options.target);
  const stages = planner.inOrder(target.index);
  const last = stages.at(-1);
  if (last === undefined) throw new Error("a plan has at least its target");
  return { dockerfile, stages, target: last };
}

/** A stage by name or number, the last where none is named. */
function findTarget(dockerfile: Dockerfile, target: string | undefined): Stage {
  const { stages } = dockerfile;
  const last = stages.at(-1);
  if (last === undefined) throw new Error("a Dockerfile has a stage");
  if (target === undefined || target === "") return last;
  const named = stages.findLast((stage) => stage.name === target.toLowerCase());
  const found = named ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined);
  if (found !== undefined) return found;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw new DockerfileError(`target stage "${target}" could not be found`, {
    source: dockerfile.source,
    position: last.position,
    hint:
      didYouMean(target, names) ??
      (names.length === 0 ? "no stage has a name" : `stages are ${names.join(", ")}`),
  });
}

/** `docker.io/library/alpine:latest` as a `--build-context` names it: `alpine`. */
function familiarName(name: string): string {
  return name.replace(/^(?:docker\.io\/)?(?:library\/)?/, "").replace(/:latest$/, "");
}

class StagePlanner {
  readonly #dockerfile: Dockerfile;
  readonly #globals: GlobalScope;
  readonly #contexts: ReadonlyMap<string, string>;
  readonly #triggers: ReadonlyMap<number, readonly Instruction[]>;
  readonly #planned = new Map<number, PlannedStage>();
  readonly #path: number[] = [];

  constructor(dockerfile: Dockerfile, globals: GlobalScope, options: PlanOptions) {
    this.#dockerfile = dockerfile;
    this.#globals = globals;
    this.#contexts = new Map(
      [...(options.contexts ?? [])].map((name) => [familiarName(name), name]),
    );
    this.#triggers = options.triggers ?? new Map();
  }

  inOrder(target: number): PlannedStage[] {
    this.#visit(target);
    return [...this.#planned.values()];
  }

  #visit(index: number, asker?: Position): void {
    if (this.#planned.has(index)) return;
    const stage = this.#dockerfile.stages[index];
    if (stage === undefined) throw new Error(`no stage ${index}`);
    if (this.#path.includes(index)) this.#failCircle(index, asker ?? stage.position);
    this.#path.push(index);
    const { planned, askers } = this.#plan(stage);
    for (const [need, position] of askers) this.#visit(need, position);
    this.#path.pop();
    this.#planned.set(index, planned);
  }

  #plan(stage: Stage): { planned: PlannedStage; askers: Map<number, Position> } {
    const askers = new Map<number, Position>();
    const { name, platform } = this.#globals.base(stage);
    const replaced = stage.name === undefined ? undefined : this.#contexts.get(stage.name);
    const base: Source =
      replaced === undefined ? this.#resolveBase(stage, name) : { kind: "context", name: replaced };
    if (base.kind === "stage") askers.set(base.index, stage.position);
    const instructions = replaced === undefined ? stage.instructions : [];
    const sources = new Map<string, Source>();
    for (const instruction of [...this.#inherited(stage, base), ...instructions]) {
      for (const from of fromNames(instruction)) {
        const source = this.#resolveFrom(from, instruction);
        sources.set(from, source);
        if (source.kind === "stage") askers.set(source.index, instruction.position);
      }
    }
    const planned: PlannedStage = {
      stage: replaced === undefined ? stage : { ...stage, instructions },
      base,
      sources,
      needs: [...askers.keys()],
      ...(platform === undefined ? {} : { platform }),
    };
    return { planned, askers };
  }

  /** `ONBUILD` of the base runs first, be it an image or a stage of this file. */
  #inherited(stage: Stage, base: Source): readonly Instruction[] {
    const given = this.#triggers.get(stage.index);
    if (given !== undefined || base.kind !== "stage") return given ?? [];
    const parent = this.#dockerfile.stages[base.index]?.instructions ?? [];
    return parent.flatMap((each) => (each.kind === "ONBUILD" ? each.instruction : []));
  }

  /** Only stages above can be a base; any other name is an image. */
  #resolveBase(stage: Stage, name: string): Source {
    const above = this.#dockerfile.stages
      .slice(0, stage.index)
      .findLast((each) => each.name === name.toLowerCase());
    if (above !== undefined) return { kind: "stage", index: above.index };
    return this.#outside(name, stage.position, stage.index);
  }

  #resolveFrom(from: string, { position }: Instruction): Source {
    const { stages } = this.#dockerfile;
    if (/^\d+$/.test(from)) {
      const index = Number(from);
      if (index < stages.length) return { kind: "stage", index };
      const hint = `stages are 0 to ${stages.length - 1}`;
      this.#fail(`invalid stage index ${from}`, position, from, hint);
    }
    const named = stages.findLast((stage) => stage.name === from.toLowerCase());
    if (named !== undefined) return { kind: "stage", index: named.index };
    return this.#outside(from, position, stages.length);
  }

  #outside(name: string, position: Position, before: number): Source {
    const context = this.#contexts.get(familiarName(name));
    if (context !== undefined) return { kind: "context", name: context };
    if (name === "scratch") return { kind: "scratch" };
    const names = this.#dockerfile.stages.slice(0, before).flatMap((stage) => stage.name ?? []);
    const meant = suggest(name, [...names, ...this.#contexts.values()]);
    try {
      const reference: Reference = parseReference(name);
      return {
        kind: "image",
        reference: name,
        parsed: reference,
        ...(meant === undefined ? {} : { meant }),
      };
    } catch (error) {
      const hint = meant === undefined ? undefined : `did you mean ${meant}?`;
      const reason = `failed to parse stage name "${name}": ${errorMessage(error)}`;
      this.#fail(reason, position, name, hint);
    }
  }

  #failCircle(index: number, position: Position): never {
    const round = [...this.#path.slice(this.#path.indexOf(index)), index];
    const title = (each: number): string => this.#dockerfile.stages[each]?.name ?? String(each);
    const needs = round.map(title).join(" needs ");
    this.#fail(
      `circular dependency detected on stage: ${title(index)}`,
      position,
      undefined,
      needs,
    );
  }

  #fail(reason: string, position: Position, subject?: string, hint?: string): never {
    throw new DockerfileError(reason, {
      source: this.#dockerfile.source,
      position,
      ...(subject === undefined ? {} : { subject }),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** The `from`s that an instruction writes. */
export function fromNames(instruction: Instruction): readonly string[] {
  if (instruction.kind === "COPY") return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind === "RUN") return instruction.mounts.flatMap(({ from }) => from ?? []);
  return [];
}
