import { close } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";
import {
  type BuildPosition,
  type Digest,
  EngineError,
  errorKind,
  errorMessage,
  type HistoryEntry,
  invalidArgument,
  sha256,
} from "../../spec/index.ts";
import type { Tree } from "../../store/index.ts";
import { treeIdentity } from "../cache/step-cache.ts";
import {
  type AddInstruction,
  type CopyInstruction,
  DockerfileError,
  type DockerfileSource,
  type ExpandedInstruction,
  type Instruction,
  type PlannedStage,
  type WorkdirInstruction,
} from "../dockerfile/index.ts";
import { inlineTree } from "../files/inline-tree.ts";
import type { SourceTree } from "../files/source-tree.ts";
import { enterDirectory } from "../files/write-files.ts";
import { isRemote, remoteGroup } from "../steps/add-sources.ts";
import { planAdd } from "../steps/add-step.ts";
import {
  applyConfig,
  type ConfigInstruction,
  isConfigInstruction,
  workingDirectory,
} from "../steps/apply-config.ts";
import { type FileGroup, fileGroup, planFiles, selectSources } from "../steps/copy-step.ts";
import { historyText } from "../steps/history-text.ts";
import { planRun, type Run } from "../steps/run-step.ts";
import type { StageState } from "../steps/stage-state.ts";
import type { VertexProgress } from "./build-events.ts";
import { type BuildJob, cancelled } from "./build-job.ts";
import type { StageSources } from "./stage-sources.ts";
import { CommandFailure, StepFailure } from "./step-failure.ts";

/** What stands in the history of images that are built here. */
const COMMENT = "berth.dockerfile.v1";

interface Step {
  readonly instruction: Instruction;
  /** Absent for a change of the configuration, unless everything counts. */
  readonly vertex: VertexProgress | undefined;
  readonly source: DockerfileSource;
}

/** Does the instructions of one stage, in order. */
export class StageRunner {
  readonly #job: BuildJob;
  readonly #planned: PlannedStage;
  readonly #state: StageState;
  readonly #sources: StageSources;
  readonly #ignoreCache: boolean;
  #number = 0;

  constructor(job: BuildJob, planned: PlannedStage, state: StageState, sources: StageSources) {
    this.#job = job;
    this.#planned = planned;
    this.#state = state;
    this.#sources = sources;
    const { noCache, noCacheFilter } = job.options;
    const { name = "", index } = planned.stage;
    this.#ignoreCache = noCache || noCacheFilter.has(name) || noCacheFilter.has(String(index));
  }

  async run(steps: readonly Step[]): Promise<StageState> {
    for (const [index, step] of steps.entries()) {
      this.#number++;
      try {
        this.#job.signal.throwIfAborted();
        await this.#step(step);
      } catch (error) {
        for (const { vertex } of steps.slice(index + 1)) vertex?.cancelled();
        throw this.#failure(error, step);
      }
    }
    return this.#state;
  }

  async #step({ instruction, vertex }: Step): Promise<void> {
    const expanded = this.#state.scope.expand(instruction) as ExpandedInstruction;
    if (isConfigInstruction(expanded)) return this.#configure(expanded, vertex);
    if (vertex === undefined) throw new EngineError("internal", "a step without a vertex");
    switch (expanded.kind) {
      case "RUN":
        return await this.#run(expanded, vertex);
      case "COPY":
        return await this.#copy(expanded, vertex);
      case "ADD":
        return await this.#add(expanded, vertex);
      case "WORKDIR":
        return await this.#workdir(expanded, vertex);
    }
  }

  #configure(instruction: ConfigInstruction, vertex: VertexProgress | undefined): void {
    vertex?.started();
    applyConfig(this.#state, instruction);
    this.#note(historyText(instruction, this.#state.config), false);
    vertex?.finished();
  }

  async #run(run: Run, vertex: VertexProgress): Promise<void> {
    const plan = await planRun(this.#job, this.#state, run, this.#sources);
    const text = historyText(run, this.#state.config, this.#state.scope.args());
    await this.#cached(vertex, text, { ...plan, execute: () => plan.execute(vertex) });
  }

  async #copy(copy: CopyInstruction, vertex: VertexProgress): Promise<void> {
    const { tree, keepsOwners, identity } = await this.#sources.filesOf(copy.from);
    const groups: FileGroup[] = [];
    const missing = (source: string) => this.#missing(copy, source);
    if (copy.sources.length > 0) {
      const select = () => selectSources(tree, copy, copy.sources, missing);
      const selection = JSON.stringify([identity, copy.sources, copy.exclude, copy.parents]);
      const named = identity === undefined ? {} : { identity: selection };
      groups.push(fileGroup(tree, select, { keepsOwners, ...named }));
    }
    const inline = await this.#inline(copy);
    if (inline !== undefined) groups.push(inline);
    const plan = await planFiles(this.#job, this.#state, copy, groups);
    await this.#cached(vertex, historyText(copy, this.#state.config), plan);
  }

  async #add(add: AddInstruction, vertex: VertexProgress): Promise<void> {
    const { tree } = await this.#sources.filesOf(undefined);
    checkChecksum(add);
    const groups: { group: FileGroup; unpacks: boolean }[] = [];
    const missing = (source: string) => this.#missing(add, source);
    for (const source of add.sources) {
      if (isRemote(source)) {
        const group = await remoteGroup(this.#job, add, source, vertex);
        groups.push({ group, unpacks: add.unpack === true });
      } else {
        const group = fileGroup(tree, () => selectSources(tree, add, [source], missing));
        groups.push({ group, unpacks: add.unpack !== false });
      }
    }
    const inline = await this.#inline(add);
    if (inline !== undefined) groups.push({ group: inline, unpacks: false });
    const plan = await planAdd(this.#job, this.#state, add, groups);
    await this.#cached(vertex, historyText(add, this.#state.config), plan);
  }

  async #inline(instruction: CopyInstruction | AddInstruction): Promise<FileGroup | undefined> {
    const { files } = instruction;
    if (files.length === 0) return undefined;
    const tree: SourceTree = await inlineTree(this.#job.services.files, files);
    const names = files.map(({ name }) => name);
    const missing = (name: string) => this.#missing(instruction, name);
    return fileGroup(tree, () => selectSources(tree, instruction, names, missing));
  }

  #missing(instruction: CopyInstruction | AddInstruction, source: string): Error {
    const from = instruction.kind === "COPY" ? instruction.from : undefined;
    const place = from === undefined ? "build context or excluded by .dockerignore" : `"${from}"`;
    return invalidArgument(
      `${instruction.kind} failed: file not found in ${place}: stat ${source.replace(/^\/+/, "")}: file does not exist`,
    );
  }

  async #workdir(instruction: WorkdirInstruction, vertex: VertexProgress): Promise<void> {
    const path = workingDirectory(this.#state.config, instruction.path);
    const operation = sha256(JSON.stringify(["workdir", path]));
    const parts = { "the directory": path };
    const execute = () => this.#makeDirectory(path);
    const text = historyText({ ...instruction, path }, this.#state.config);
    await this.#cached(vertex, text, { operation, parts, execute });
    this.#state.config.WorkingDir = path;
  }

  async #makeDirectory(path: string): Promise<Tree> {
    using workspace = this.#job.services.environment.store.builds.begin(this.#state.tree);
    const root = openRoot(workspace.rootfs);
    try {
      close(enterDirectory(root, path, { uid: 0, gid: 0 }));
    } finally {
      close(root);
    }
    return await workspace.commit();
  }

  async #cached(
    vertex: VertexProgress,
    text: string,
    plan: {
      operation: Digest;
      parts: Readonly<Record<string, string>>;
      execute(): Promise<Tree>;
    },
  ): Promise<void> {
    const before = this.#state.tree;
    const result = await this.#job.step({
      ...plan,
      vertex,
      parent: before,
      description: text,
      ignoreCache: this.#ignoreCache,
      place: this.#place(),
    });
    this.#state.tree = result.tree;
    this.#state.created = result.createdAt;
    this.#note(text, treeIdentity(before) !== treeIdentity(result.tree));
    this.#state.done.push({ operation: plan.operation, before, tree: result.tree });
  }

  /** The same for the same step of the same Dockerfile, whatever stands in it. */
  #place(): string {
    const { dockerfile } = this.#job.options;
    const [first = ""] = dockerfile.stages.map(({ text }) => text);
    const stage = this.#planned.stage.name ?? this.#planned.stage.index;
    return sha256(JSON.stringify([dockerfile.source.name, first, stage, this.#number]));
  }

  #note(text: string, changed: boolean): void {
    const state = this.#state;
    const entry: HistoryEntry = {
      created: state.created,
      created_by: text,
      comment: COMMENT,
      ...(changed ? {} : { empty_layer: true }),
    };
    state.history.push(entry);
  }

  #failure(error: unknown, { instruction, vertex, source }: Step): unknown {
    if (error instanceof StepFailure) return error;
    if (this.#job.signal.aborted) {
      vertex?.cancelled();
      return this.#job.signal.reason instanceof Error ? this.#job.signal.reason : cancelled();
    }
    vertex?.failed(error);
    if (error instanceof DockerfileError) return error;
    const { line, endLine } = instruction.position;
    const position: BuildPosition = { file: source.name, line, endLine };
    const failure = new StepFailure(errorKind(error), errorMessage(error), {
      vertex: vertex?.id ?? "",
      position,
      cause: error,
      ...(error instanceof CommandFailure ? { exitCode: error.exitCode } : {}),
    });
    if (error instanceof CommandFailure && error.tree !== undefined) {
      failure.left = { tree: error.tree, state: this.#state };
    }
    return failure;
  }
}

/** A checksum is of one thing, and of one that comes from elsewhere. */
function checkChecksum({ checksum, sources, files }: AddInstruction): void {
  if (checksum === undefined) return;
  if (sources.length + files.length !== 1) {
    throw invalidArgument("checksum can't be specified for multiple sources");
  }
  if (!sources.every(isRemote)) throw invalidArgument("checksum requires HTTP(S) or Git sources");
}

export type { Step };
