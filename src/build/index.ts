export * from "./attest/index.ts";
export * from "./build-environment.ts";
export { CacheMounts } from "./cache/cache-mounts.ts";
export { type CacheItem, cacheItems } from "./cache/cache-records.ts";
export { StepCache, treeIdentity } from "./cache/step-cache.ts";
export { ContextFiles } from "./contexts/context-files.ts";
export { UrlFetcher } from "./contexts/fetch-url.ts";
export { GitCheckout, parseGitUrl } from "./contexts/git-source.ts";
export { readContextFile, readDockerfile, withoutIgnored } from "./contexts/read-dockerfile.ts";
export { tarContext } from "./contexts/tar-context.ts";
export * from "./dockerfile/index.ts";
export { type MadeImage, makeImage } from "./export/make-image.ts";
export { DiskTree } from "./files/disk-tree.ts";
export { isArchive, readArchive } from "./files/local-archive.ts";
export { ManifestTree } from "./files/manifest-tree.ts";
export { materialize } from "./files/materialize.ts";
export type { SourceTree } from "./files/source-tree.ts";
export { BuildProgress, type EventSink } from "./solver/build-events.ts";
export {
  BuildJob,
  type BuildOptions,
  type BuildServices,
  cancelled,
  type ImportedSteps,
  type NamedContext,
  withoutUser,
} from "./solver/build-job.ts";
export { Slots } from "./solver/slots.ts";
export { Solver } from "./solver/solver.ts";
export { StepFailure } from "./solver/step-failure.ts";
export { gitTree } from "./steps/add-sources.ts";
export type { StageState } from "./steps/stage-state.ts";
