import {
  type BuildPosition,
  EngineError,
  type ImageRunConfig,
  type Platform,
  parsePlatform,
  parseReference,
  platformString,
  type Reference,
  referenceString,
  splitDigest,
} from "../../spec/index.ts";
import type { ImageRecord, Tree } from "../../store/index.ts";
import { imageUrl } from "../attest/package-url.ts";
import {
  type BuildPlan,
  createGlobalScope,
  type DockerfileSource,
  type GlobalScope,
  type Instruction,
  type PlannedStage,
  parseTrigger,
  planStages,
  platformArguments,
  type Source,
} from "../dockerfile/index.ts";
import type { StageState } from "../steps/stage-state.ts";
import type { VertexProgress } from "./build-events.ts";
import { type BuildJob, cancelled } from "./build-job.ts";
import { StageRunner, type Step } from "./stage-runner.ts";
import { type ResolvedSource, StageSources } from "./stage-sources.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

interface StageWork {
  readonly planned: PlannedStage;
  readonly from: VertexProgress;
  readonly steps: readonly Step[];
  /** Of the base, where that is an image. */
  readonly image: ImageRecord | undefined;
}

/**
 * Builds one target for one platform. Every stage that it needs begins at once and waits for what it uses at
 * the instruction that uses it; the first failure ends all.
 */
export class Solver {
  readonly #job: BuildJob;
  readonly #abort: AbortController;
  readonly #platform: Platform;
  readonly #globals: GlobalScope;
  readonly #stages = new Map<number, Promise<StageState>>();
  readonly #images = new Map<string, Promise<ImageRecord>>();
  readonly #plannedStages = new Map<number, PlannedStage>();
  readonly #work = new Map<number, StageWork>();

  /** `abort` ends the job's signal. */
  constructor(job: BuildJob, abort: AbortController, platform: Platform) {
    this.#job = job;
    this.#abort = abort;
    this.#platform = platform;
    const { dockerfile, buildArgs, target } = job.options;
    this.#globals = createGlobalScope(dockerfile, {
      buildArgs,
      platformArgs: platformArguments(platform, job.services.environment.host, target ?? "default"),
    });
  }

  /** The target's stage, and with it every stage that it needed, in their order. */
  async run(): Promise<{ target: StageState; stages: StageState[] }> {
    const plan = await this.#prepare();
    const running = plan.stages.map(({ stage }) => this.#stage(stage.index));
    let failure: unknown;
    const noteFirst = (error: unknown): void => {
      failure ??= error;
      this.#abort.abort(cancelled());
    };
    for (const stage of running) stage.catch(noteFirst);
    await Promise.allSettled(running);
    if (failure !== undefined) throw failure;
    return {
      target: await this.#stage(plan.target.stage.index),
      stages: await Promise.all(running),
    };
  }

  /** Plans twice where base images bring `ONBUILD` along, because these may need further stages. */
  async #prepare(): Promise<BuildPlan> {
    const { dockerfile, target, contexts } = this.#job.options;
    const options = {
      ...(target === undefined ? {} : { target }),
      contexts: new Set(contexts.keys()),
    };
    let plan = planStages(dockerfile, this.#globals, options);
    const froms = new Map<number, VertexProgress>();
    const steps = new Map<number, Step[]>();
    const images = new Map<number, ImageRecord>();
    const triggers = new Map<number, readonly Instruction[]>();
    const fetchBases = async (): Promise<void> => {
      const stages = plan.stages.filter(({ stage }) => !froms.has(stage.index));
      for (const planned of stages) {
        const { index } = planned.stage;
        this.#plannedStages.set(index, planned);
        const from = this.#fromVertex(plan, index);
        froms.set(index, from);
        steps.set(index, this.#steps(planned, from));
      }
      await Promise.all(
        stages.map(async (planned) => {
          const { index } = planned.stage;
          const image = await this.#baseImage(planned, froms.get(index));
          if (image === undefined) return;
          images.set(index, image);
          const expressions = image.config.config?.OnBuild ?? [];
          if (expressions.length === 0) return;
          triggers.set(
            index,
            expressions.map((text) => parseTrigger(text, planned.stage.base)),
          );
        }),
      );
    };
    await fetchBases();
    if (triggers.size > 0) {
      plan = planStages(dockerfile, this.#globals, { ...options, triggers });
      await fetchBases();
    }
    for (const planned of plan.stages) {
      const { index } = planned.stage;
      const from = froms.get(index) ?? this.#fromVertex(plan, index);
      const before = this.#triggerSteps(planned, triggers.get(index), from);
      const own = steps.get(index) ?? [];
      this.#work.set(index, {
        planned,
        from,
        steps: [...before, ...own],
        image: images.get(index),
      });
    }
    return plan;
  }

  #fromVertex(plan: BuildPlan, index: number): VertexProgress {
    const stage = plan.dockerfile.stages[index];
    if (stage === undefined) throw new EngineError("internal", `no stage ${index}`);
    const { name } = plan.dockerfile.source;
    const count = this.#counted(stage.instructions).length + 1;
    const title = this.#title(stage.name, index, 1, count);
    return this.#job.progress.vertex(`${title} ${stage.text}`, {
      position: positionOf(name, stage.position),
    });
  }

  #counted(instructions: readonly Instruction[]): readonly Instruction[] {
    if (this.#job.options.countsAll) return instructions;
    return instructions.filter(({ kind }) => /^(?:RUN|COPY|ADD|WORKDIR)$/.test(kind));
  }

  #title(name: string | undefined, index: number, number: number, count: number): string {
    const many = this.#job.options.dockerfile.stages.length > 1;
    const stage = name ?? (many ? `stage-${index}` : "");
    return `[${stage === "" ? "" : `${stage} `}${number}/${count}]`;
  }

  #steps({ stage }: PlannedStage, from: VertexProgress): Step[] {
    const { source } = this.#job.options.dockerfile;
    const counted = this.#counted(stage.instructions);
    let last = from.id;
    return stage.instructions.map((instruction) => {
      const number = counted.indexOf(instruction) + 2;
      const title = this.#title(stage.name, stage.index, number, counted.length + 1);
      const step = this.#toStep(instruction, { title, source, input: last });
      last = step.vertex?.id ?? last;
      return step;
    });
  }

  /** `ONBUILD` of the base runs before everything else. */
  #triggerSteps(
    { stage }: PlannedStage,
    triggers: readonly Instruction[] | undefined,
    from: VertexProgress,
  ): Step[] {
    const source = { name: `ONBUILD of ${stage.base}`, lines: [] };
    const inherited = triggers ?? this.#inheritedTriggers(stage.index);
    return inherited.map((instruction, index) => {
      const name = `${stage.name ?? ""} onbuild`.trim();
      const title = this.#title(name, stage.index, index + 1, inherited.length);
      return this.#toStep(instruction, { title, source, input: from.id });
    });
  }

  #toStep(
    instruction: Instruction,
    { title, source, input }: { title: string; source: DockerfileSource; input: string },
  ): Step {
    if (this.#counted([instruction]).length === 0)
      return { instruction, vertex: undefined, source };
    const vertex = this.#job.progress.vertex(`${title} ${instruction.text}`, {
      position: positionOf(source.name, instruction.position),
      inputs: [input],
    });
    return { instruction, vertex, source };
  }

  /** `ONBUILD` of a stage of this file that is the base. */
  #inheritedTriggers(index: number): readonly Instruction[] {
    const planned = this.#plannedStages.get(index);
    if (planned?.base.kind !== "stage") return [];
    const parent = this.#job.options.dockerfile.stages[planned.base.index];
    return (parent?.instructions ?? []).flatMap((each) =>
      each.kind === "ONBUILD" ? [each.instruction] : [],
    );
  }

  #stage(index: number): Promise<StageState> {
    const known = this.#stages.get(index);
    if (known !== undefined) return known;
    const work = this.#work.get(index);
    if (work === undefined) throw new EngineError("internal", `stage ${index} is not planned`);
    const running = this.#runStage(work);
    this.#stages.set(index, running);
    return running;
  }

  async #runStage({ planned, from, steps, image }: StageWork): Promise<StageState> {
    const state = await this.#start(planned, image, from, steps);
    const sources = new StageSources(this.#job, (name) => this.#source(planned, name));
    return await new StageRunner(this.#job, planned, state, sources).run(steps);
  }

  async #start(
    planned: PlannedStage,
    image: ImageRecord | undefined,
    from: VertexProgress,
    steps: readonly Step[],
  ): Promise<StageState> {
    try {
      const { base } = planned;
      if (base.kind === "stage") {
        const parent = await this.#stage(base.index);
        from.cached();
        return forked(parent);
      }
      from.finished();
      return this.#fromImage(image, planned);
    } catch (error) {
      from.cancelled();
      for (const { vertex } of steps) vertex?.cancelled();
      throw error;
    }
  }

  #fromImage(image: ImageRecord | undefined, planned: PlannedStage): StageState {
    const platform = image === undefined ? this.#platformOf(planned) : platformOf(image);
    const config: ImageRunConfig = structuredClone(image?.config.config ?? {});
    delete config.OnBuild;
    const environment = config.Env ?? [];
    if (!environment.some((entry) => entry.startsWith("PATH="))) {
      config.Env = [...environment, `PATH=${DEFAULT_PATH}`];
    }
    const tree: Tree = { kind: "layers", top: image?.layers.at(-1)?.chainId };
    return {
      tree: this.#job.keep(tree),
      config,
      author: image?.config.author ?? "",
      history: [...(image?.config.history ?? [])],
      inheritedHistory: image?.config.history?.length ?? 0,
      scope: this.#globals.stage(config.Env ?? []),
      platform,
      baseLayers: image?.layers ?? [],
      created: image?.config.created ?? new Date(0).toISOString(),
      cmdSet: false,
      done: [],
    };
  }

  #platformOf({ platform }: PlannedStage): Platform {
    return platform === undefined ? this.#platform : parsePlatform(platform, this.#platform);
  }

  async #baseImage(
    planned: PlannedStage,
    vertex: VertexProgress | undefined,
  ): Promise<ImageRecord | undefined> {
    const { base } = planned;
    if (base.kind === "stage" || base.kind === "scratch") return undefined;
    vertex?.started();
    try {
      const reference = base.kind === "image" ? base.parsed : this.#contextImage(base.name);
      return await this.#image(reference, this.#platformOf(planned), vertex);
    } catch (error) {
      vertex?.failed(error);
      throw error;
    }
  }

  #contextImage(name: string): Reference {
    const context = this.#job.options.contexts.get(name);
    if (context?.kind === "image") return parseReference(context.reference);
    throw new EngineError(
      "invalid-argument",
      `the context "${name}" holds files: it cannot be what FROM stands on, give an image as docker-image://NAME`,
    );
  }

  #image(
    reference: Reference,
    platform: Platform,
    vertex: VertexProgress | undefined,
  ): Promise<ImageRecord> {
    const key = `${referenceString(reference)} ${platformString(platform)}`;
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    const { images } = this.#job.services.environment;
    const { pull, auth } = this.#job.options;
    const found = images
      .resolve(
        reference,
        { platform, pull, auth },
        (news) => vertex?.progress(news),
        this.#job.signal,
      )
      .then((image) => {
        this.#job.keep({ kind: "layers", top: image.layers.at(-1)?.chainId });
        const [algorithm, hex] = splitDigest((image.index ?? image.manifest).digest);
        this.#job.noteMaterial(imageUrl(reference, platform), { [algorithm]: hex });
        return image;
      });
    this.#images.set(key, found);
    return found;
  }

  async #source(planned: PlannedStage, from: string | undefined): Promise<ResolvedSource> {
    if (from === undefined) return { kind: "files", files: this.#job.options.context };
    const source: Source | undefined = planned.sources.get(from);
    switch (source?.kind) {
      case "stage":
        return { kind: "tree", tree: (await this.#stage(source.index)).tree };
      case "image":
        return this.#imageSource(await this.#image(source.parsed, this.#platform, undefined));
      case "context": {
        const context = this.#job.options.contexts.get(source.name);
        if (context?.kind === "files") return { kind: "files", files: context.tree };
        return this.#imageSource(
          await this.#image(this.#contextImage(source.name), this.#platform, undefined),
        );
      }
      case "scratch":
        return { kind: "tree", tree: { kind: "layers", top: undefined } };
      default:
        throw new EngineError("internal", `the source "${from}" is not planned`);
    }
  }

  #imageSource(image: ImageRecord): ResolvedSource {
    return { kind: "tree", tree: { kind: "layers", top: image.layers.at(-1)?.chainId } };
  }
}

function forked(parent: StageState): StageState {
  const config = structuredClone(parent.config);
  delete config.OnBuild;
  return {
    ...parent,
    config,
    history: [...parent.history],
    scope: parent.scope.fork(),
    cmdSet: false,
    done: [...parent.done],
  };
}

function platformOf({ config }: ImageRecord): Platform {
  const { architecture, os, variant } = config;
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

const positionOf = (
  file: string,
  { line, endLine }: { line: number; endLine: number },
): BuildPosition => ({
  file,
  line,
  endLine,
});
