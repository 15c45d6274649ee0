import type { Duplex } from "node:stream";
import type {
  BuildCacheRecord,
  BuildContextEntry,
  BuildContextNeeds,
  BuildEvent,
  BuildPruneOptions,
  BuildPruneReport,
  BuildRecord,
  BuildRequest,
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
  openContext(entries: AsyncIterable<BuildContextEntry>): Promise<BuildContextNeeds>;
  receiveFiles(id: string, body: AsyncIterable<Uint8Array>): Promise<BuildContextNeeds>;
  receiveTar(body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<BuildContextNeeds>;
  /** A failure is the last event. */
  build(request: BuildRequest, signal: AbortSignal): AsyncIterable<BuildEvent>;
  /** `not-found` where the build does not ask for that channel. */
  agent(id: string, channel: number): (connection: Duplex) => Promise<void>;
  /** `not-found` where the build does not offer that output. */
  output(id: string, index: number): AsyncIterable<Uint8Array>;
  list(): Promise<BuildRecord[]>;
  inspect(id: string): Promise<BuildRecord>;
  log(id: string, options: { follow: boolean }, signal: AbortSignal): AsyncIterable<BuildEvent>;
  /** `conflict` while it runs. */
  remove(id: string): Promise<void>;
  cache(): Promise<BuildCacheRecord[]>;
  prune(options: BuildPruneOptions): Promise<BuildPruneReport>;
}
