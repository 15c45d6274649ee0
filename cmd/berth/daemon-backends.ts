import type { BuildContext } from "../../src/engine/build/build-context.ts";
import { buildVerbs } from "../../src/engine/build/build-verbs.ts";
import { listCache } from "../../src/engine/build/prune-cache.ts";
import type { EngineContext } from "../../src/engine/context.ts";
import { containerVerbs, execVerbs, systemVerbs, volumeVerbs } from "../../src/engine/engine.ts";
import { networkVerbs } from "../../src/engine/networks/index.ts";
import type { DaemonDescription } from "../../src/engine/system/daemon-description.ts";
import { systemInfo } from "../../src/engine/system/info.ts";
import { systemVersion } from "../../src/engine/system/version.ts";
import type { ProbedRuntime } from "../../src/runtime/index.ts";
import { type Backends, MAXIMUM_VERSION, MINIMUM_VERSION } from "../../src/server/index.ts";
import type {
  BuildPruneOptions,
  BuildPruneReport,
  EngineStopRequest,
} from "../../src/spec/index.ts";
import { BUILD_COMMIT, BUILD_TIME, PROGRAM_VERSION } from "./build-info.ts";
import type { DaemonConfig } from "./daemon-config.ts";

export interface BackendParts {
  config: DaemonConfig;
  runtimes: readonly ProbedRuntime[];
  builds: BuildContext;
  /** Stops the containers, if they are to end; what it gives then ends the daemon. */
  stop(request: EngineStopRequest): Promise<() => void>;
}

/** The engine as the server's routers want it. */
export function createBackends(context: EngineContext, parts: BackendParts): Backends {
  const description = describe(parts);
  return {
    containers: containerVerbs(context),
    exec: execVerbs(context),
    builds: {
      ...buildVerbs(parts.builds),
      prune: (options) => pruneBuilds(context, parts, options),
    },
    images: context.images,
    networks: networkVerbs(context),
    volumes: volumeVerbs(context),
    system: {
      ...systemVerbs(context, {
        apiVersion: `1.${MAXIMUM_VERSION}`,
        buildCache: () => listCache(parts.builds),
        stop: parts.stop,
      }),
      version: async () => systemVersion(description),
      info: async () => systemInfo(context, description),
      auth: (credentials) => context.images.logIn(credentials),
    },
  };
}

async function pruneBuilds(
  context: EngineContext,
  parts: BackendParts,
  options: BuildPruneOptions,
): Promise<BuildPruneReport> {
  const report = await buildVerbs(parts.builds).prune(options);
  const attributes = { reclaimed: String(report.SpaceReclaimed) };
  context.events.publish({ type: "builder", action: "prune", id: "", attributes });
  return report;
}

function describe({ config, runtimes }: BackendParts): DaemonDescription {
  return {
    dataRoot: config.dataRoot,
    version: PROGRAM_VERSION,
    commit: BUILD_COMMIT,
    buildTime: BUILD_TIME,
    apiVersion: `1.${MAXIMUM_VERSION}`,
    minApiVersion: `1.${MINIMUM_VERSION}`,
    debug: config.logLevel === "debug",
    runtimes,
    registry: config.registry,
    addressPools: config.network.pools,
  };
}
