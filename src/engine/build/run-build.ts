import {
  BuildJob,
  type BuildOptions,
  BuildProgress,
  type BuildServices,
  cancelled,
  type EventSink,
  makeImage,
  Solver,
  type StageState,
  StepFailure,
} from "../../build/index.ts";
import type { Platform } from "../../spec/index.ts";
import { failedLabels } from "./failed-images.ts";

/** A target for one platform. */
export interface BuiltStage {
  readonly platform: Platform;
  readonly state: StageState;
  /** Every stage that it needed, itself included. */
  readonly stages: readonly StageState[];
}

/**
 * Builds the target for every platform and hands the results to `use`, while everything that they need is
 * held. Ends when the signal is aborted, leaving nothing behind.
 */
export async function runBuild<T>(
  services: BuildServices,
  options: BuildOptions,
  platforms: readonly Platform[],
  run: {
    sink: EventSink;
    signal: AbortSignal;
    use: (job: BuildJob, built: readonly BuiltStage[]) => Promise<T>;
  },
): Promise<T> {
  const abort = new AbortController();
  const leave = (): void => abort.abort(cancelled());
  run.signal.addEventListener("abort", leave, { once: true });
  if (run.signal.aborted) leave();
  await using job = new BuildJob(services, options, new BuildProgress(run.sink), abort.signal);
  try {
    const solving = platforms.map(async (platform) => {
      const { target, stages } = await new Solver(job, abort, platform).run();
      return { platform, state: target, stages };
    });
    const results = await Promise.allSettled(solving);
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await keepFailed(job, failed.reason);
      throw failed.reason;
    }
    const built = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : [],
    );
    return await run.use(job, built);
  } finally {
    run.signal.removeEventListener("abort", leave);
  }
}

/** What a failed command has left, as an image without a name. */
async function keepFailed(job: BuildJob, failure: unknown): Promise<void> {
  if (!(failure instanceof StepFailure) || failure.left === undefined) return;
  const { tree, state } = failure.left;
  const environment = [...state.scope.runEnvironment()].map(([name, value]) => `${name}=${value}`);
  const config = { ...state.config, Env: environment };
  const made = await makeImage(
    job.services.environment.store,
    { ...state, tree, config },
    {
      labels: failedLabels(failure.message, new Date()),
      annotations: {},
      // The build itself has been ended by the failure.
      signal: new AbortController().signal,
    },
  );
  failure.image = made.record.id;
}
