import type { Duplex } from "node:stream";
import {
  type BuildJob,
  type BuildOptions,
  cancelled,
  type EventSink,
  StepFailure,
} from "../../build/index.ts";
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
import { removeFailedImages } from "./failed-images.ts";
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
  /** Nothing is built: the metadata of the result. */
  readonly described?: Readonly<Record<string, unknown>> | undefined;
  finish(job: BuildJob, built: readonly BuiltStage[]): Promise<BuildOutcome>;
}

/** One build from its first event to its last: told, logged, remembered. */
export class BuildSession implements RunningBuild {
  /** The client knows why the build has failed. */
  failureTold = false;
  readonly id = randomId().slice(0, 24);
  /** RFC 3339. */
  readonly startedAt = new Date().toISOString();
  readonly channels = new Map<number, (connection: Duplex) => Promise<void>>();
  readonly outputs = new Map<number, () => AsyncIterable<Uint8Array>>();
  readonly #context: BuildContext;
  readonly #tell: EventSink;
  #lastChannel = 0;
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
    const { history, running, services } = this.#context;
    using _used = services.files.use();
    const log = await history.begin(this.id);
    running.set(this.id, this);
    const sink: EventSink = (event) => {
      this.#count(event);
      log.add(event);
      return this.#tell(event);
    };
    let record = this.#record({ name: "", tags: [], platforms: [] });
    try {
      void sink({ type: "build", id: this.id, at: record.createdAt });
      const made = await plan(sink);
      record = this.#record(made);
      history.put(record);
      const outcome = await this.#build(made, sink, signal);
      record = { ...record, status: "completed", images: outcome.images };
      return outcome;
    } catch (error) {
      const status = signal.aborted ? "cancelled" : "failed";
      record = { ...record, status, error: errorMessage(error).slice(0, 2000) };
      void sink({ type: "error", at: new Date().toISOString(), failure: describeFailure(error) });
      this.failureTold = true;
      throw error;
    } finally {
      running.delete(this.id);
      history.put(this.#completed(record));
      await history.end(this.id);
      this.#tidyUp();
    }
  }

  /** In the background: the client is not to wait for it. */
  #tidyUp(): void {
    const { log } = this.#context.engine;
    pruneToCeiling(this.#context).catch((error: unknown) => {
      log.warn("Cannot keep the build cache below its ceiling", { error: errorMessage(error) });
    });
    removeFailedImages(this.#context).catch((error: unknown) => {
      log.warn("Cannot remove the trees of failed steps", { error: errorMessage(error) });
    });
  }

  async #build(plan: SessionPlan, sink: EventSink, signal: AbortSignal): Promise<BuildOutcome> {
    if (plan.described === undefined) {
      const run = { sink, signal, use: plan.finish };
      return await runBuild(this.#context.services, plan.options, plan.platforms, run);
    }
    const at = new Date().toISOString();
    void sink({ type: "result", at, images: [], tags: [], metadata: plan.described });
    return { images: [] };
  }

  /** Asks the client to join its agent: resolves with the connection when it comes. */
  async openChannel(ask: (channel: number) => void): Promise<Duplex> {
    const channel = ++this.#lastChannel;
    const { promise, resolve } = Promise.withResolvers<Duplex>();
    this.channels.set(channel, (connection) => {
      this.channels.delete(channel);
      const ended = new Promise<void>((end) => connection.once("close", end));
      resolve(connection);
      return ended;
    });
    ask(channel);
    return await promise;
  }

  /** Has the client read an output; resolves when it has all of it. */
  async offer(
    index: number,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    tell: () => void | Promise<void>,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const left = (): void => reject(cancelled());
    signal.addEventListener("abort", left, { once: true });
    if (signal.aborted) left();
    this.outputs.set(index, () => {
      this.outputs.delete(index);
      return toldWhenRead(bytes, { resolve, reject });
    });
    try {
      void tell();
      await promise;
    } finally {
      signal.removeEventListener("abort", left);
      this.outputs.delete(index);
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

async function* toldWhenRead(
  bytes: AsyncIterable<Uint8Array>,
  told: { resolve(): void; reject(error: unknown): void },
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
    told.resolve();
  } catch (error) {
    told.reject(error);
    throw error;
  } finally {
    // Of no effect where one of the two has been said.
    told.reject(cancelled());
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
