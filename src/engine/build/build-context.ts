import { join } from "node:path";
import {
  type BuildServices,
  CacheMounts,
  ContextFiles,
  Slots,
  StepCache,
} from "../../build/index.ts";
import { hostPlatform, type Platform, platformDistance } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { BuildHistory } from "./build-history.ts";
import { createBuildImages } from "./build-images.ts";
import { ContextUploads } from "./context-uploads.ts";
import type { RunningBuild } from "./running-build.ts";
import { createStepRunner } from "./step-runner.ts";

/** What every verb of builds works with. */
export interface BuildContext {
  readonly engine: EngineContext;
  readonly services: BuildServices;
  readonly uploads: ContextUploads;
  readonly history: BuildHistory;
  readonly running: Map<string, RunningBuild>;
  /** Bytes that the cache may take; 0: as much as there is. */
  readonly ceiling: number;
}

/** Commands that run at once, over all builds: they mostly wait for disks and networks. */
const SLOTS = Math.max(4, 2 * navigator.hardwareConcurrency);
/** What the cache may take where nobody says: a tenth of a usual disk. Bytes. */
export const DEFAULT_CEILING = 20 * 1024 ** 3;

export function createBuildContext(engine: EngineContext, ceiling = DEFAULT_CEILING): BuildContext {
  const { store, clock } = engine;
  const { builds, records } = store;
  const host = hostPlatform();
  const services: BuildServices = {
    environment: {
      store,
      runner: createStepRunner(engine),
      images: createBuildImages(engine),
      host,
      canRun: (platform) => canRun(host, platform),
      runDirectory: join(engine.execRoot, "build"),
      clock: { now: () => new Date(Number(clock.nanoseconds() / 1_000_000n)) },
    },
    cache: new StepCache(records, builds),
    cacheMounts: new CacheMounts(records, builds.directory("cache-mounts")),
    files: new ContextFiles(builds.directory("files")),
    slots: new Slots(SLOTS),
    underWay: new Map(),
  };
  return {
    engine,
    services,
    uploads: new ContextUploads(services),
    history: new BuildHistory(records, builds.directory("logs")),
    running: new Map(),
    ceiling,
  };
}

/** Of the same architecture, an older variant included. */
function canRun(host: Platform, platform: Platform): boolean {
  return platformDistance(host, platform) !== undefined;
}
