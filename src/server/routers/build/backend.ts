import type {
  BuildCacheRecord,
  BuildPruneOptions,
  BuildPruneReport,
  ClassicBuildOptions,
  ProgressMessage,
} from "../../../spec/index.ts";

/** What the build routes need of the engine. */
export interface BuildBackend {
  /** `body`: the context's tar. A throw before the first message is an HTTP status. */
  classic(
    options: ClassicBuildOptions,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  cache(): Promise<BuildCacheRecord[]>;
  prune(options: BuildPruneOptions): Promise<BuildPruneReport>;
}
