import type { BuildJob } from "../../build/index.ts";
import { type BuildOptions, type EventSink, StepFailure } from "../../build/index.ts";
import {
  type BuildEvent,
  type BuildFailure,
  type BuildRecord,
  errorKind,
  errorMessage,
  type Platform,
  platformString,
  randomId,
} from "../../spec/index.ts";
import type { BuildContext } from "./build-context.ts";
import { pruneToCeiling } from "./prune-cache.ts";
import { type BuiltStage, runBuild } from "./run-build.ts";
import type { RunningBuild } from "./running-build.ts";

export interface BuildOutcome {
  /** Ids. */
  readonly images: readonly string[];
}

export interface SessionPlan {
  readonly options: BuildOptions;
  readonly platforms: readonly Platform[];
  readonly tags: readonly string[];
  readonly name: string;
  finish(job: BuildJob, built: readonly BuiltStage[]): Promise<BuildOutcome>;
}

/** One build from its first event to its last: told, logged, remembered. */
export class BuildSession implements RunningBuild {
  readonly id = randomId().slice(0, 24);
  readonly channels: RunningBuild["channels"] = new Map();
  readonly outputs: RunningBuild["outputs"] = new Map();
  readonly followers: RunningBuild["followers"] = new Set();
  readonly #context: BuildContext;
  readonly #tell: EventSink;
  readonly #vertices = new Set<string>();
  readonly #cached = new Set<string>();

  constructor(context: BuildContext, tell: EventSink) {
    this.#context = context;
    this.#tell = tell;
  }

  /** Throws what the build fails with, after its `error` event. */
  async run(
    plan: (sink: EventSink) => Promise<SessionPlan>,
    signal: AbortSignal,
  ): Promise<BuildOutcome> {
    const { history, running } = this.#context;
    const log = await history.begin(this.id);
    running.set(this.id, this);
    const sink: EventSink = (event) => {
      this.#count(event);
      log.add(event);
      for (const follow of this.followers) follow(event);
      return this.#tell(event);
    };
    let record = this.#record({ name: "", tags: [], platforms: [] });
    try {
      void sink({ type: "build", id: this.id, at: record.createdAt });
      const made = await plan(sink);
      record = this.#record(made);
      history.put(record);
      const outcome = await runBuild(this.#context.services, made.options, made.platforms, {
        sink,
        signal,
        use: made.finish,
      });
      record = { ...record, status: "completed", images: outcome.images };
      return outcome;
    } catch (error) {
      const status = signal.aborted ? "cancelled" : "failed";
      record = { ...record, status, error: errorMessage(error).slice(0, 2000) };
      void sink({ type: "error", at: new Date().toISOString(), failure: describeFailure(error) });
      throw error;
    } finally {
      running.delete(this.id);
      history.put(this.#completed(record));
      for (const follow of this.followers) follow(undefined);
      await log.close();
      await pruneToCeiling(this.#context);
    }
  }

  #record(plan: {
    name: string;
    tags: readonly string[];
    platforms: readonly Platform[];
  }): BuildRecord {
    return {
      id: this.id,
      name: plan.name,
      status: "running",
      createdAt: new Date().toISOString(),
      steps: 0,
      cachedSteps: 0,
      platforms: plan.platforms.map(platformString),
      tags: plan.tags,
      images: [],
    };
  }

  #completed(record: BuildRecord): BuildRecord {
    return {
      ...record,
      completedAt: new Date().toISOString(),
      steps: this.#vertices.size,
      cachedSteps: this.#cached.size,
    };
  }

  #count(event: BuildEvent): void {
    if (event.type === "vertex" && event.vertex.internal !== true)
      this.#vertices.add(event.vertex.id);
    if (event.type === "cached") this.#cached.add(event.vertex);
  }
}

export function describeFailure(error: unknown): BuildFailure {
  const failure = { message: errorMessage(error), kind: errorKind(error) };
  if (!(error instanceof StepFailure)) return failure;
  const { vertex, position, exitCode, image } = error;
  return {
    ...failure,
    vertex,
    ...(position === undefined ? {} : { position }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(image === undefined ? {} : { image }),
  };
}
