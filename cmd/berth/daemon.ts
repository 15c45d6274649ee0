import { closeSync, rmSync } from "node:fs";
import { createBuildContext } from "../../src/engine/build/build-context.ts";
import { recoverBuilds } from "../../src/engine/build/build-verbs.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { restartUnhealthy, startEngine, stopAllContainers } from "../../src/engine/engine.ts";
import { EventBus } from "../../src/engine/events/event-bus.ts";
import { type Log, lineLog } from "../../src/engine/log.ts";
import { kernelFeatures, requireFeatures } from "../../src/engine/system/kernel-features.ts";
import { selfCommand } from "../../src/linux/self-command.ts";
import { createNetworkService, isOnBridge } from "../../src/network/index.ts";
import { removeIdleParent } from "../../src/runtime/index.ts";
import { ApiServer, engineRoutes } from "../../src/server/index.ts";
import { EngineError, type EngineStopRequest, errorMessage } from "../../src/spec/index.ts";
import { openStore } from "../../src/store/index.ts";
import { SupervisorClient } from "../../src/supervisor/index.ts";
import { PROGRAM_VERSION } from "./build-info.ts";
import { createBackends } from "./daemon-backends.ts";
import { type DaemonConfig, readDaemonConfig } from "./daemon-config.ts";
import { createContext, lookAtHost, networkOptions } from "./daemon-context.ts";
import { claimPidFile, lockExecRoot } from "./daemon-locks.ts";

/** `berth daemon …`: runs until it is told to end. A failure to start is one line and exit code 1. */
export async function runDaemon(args: readonly string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    const { daemonHelp } = await import("./daemon-help.ts");
    process.stdout.write(daemonHelp());
    return;
  }
  try {
    const config = readDaemonConfig(args);
    const log = lineLog(config.logLevel, (line) => process.stderr.write(line));
    // A mistake of ours in one task is no reason to leave all the others alone.
    process.on("unhandledRejection", (reason) => {
      const error = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
      log.error("A task of the daemon has failed", { error });
    });
    const daemon = await startDaemon(config, log);
    const isEphemeral = config.ephemeralRoot !== undefined;
    const goDown = async () => {
      const end = await daemon.stop({ containers: isEphemeral || !config.engine.liveRestore });
      end();
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, goDown);
    if (isEphemeral) announce(config, goDown);
  } catch (error) {
    process.stderr.write(`Cannot start the daemon: ${errorMessage(error)}\n`);
    process.exit(1);
  }
}

/** Who has started it reads where it listens, and holds its standard input for as long as it is wanted. */
function announce({ addresses }: DaemonConfig, goDown: () => Promise<void>): void {
  for (const address of addresses) {
    if (address.kind === "unix") process.stdout.write(`unix://${address.path}\n`);
  }
  // Whoever has read the log may be gone by the end.
  process.stderr.on("error", () => {});
  process.stdin.on("end", goDown).on("error", goDown).resume();
}

interface Daemon {
  /** Ends the containers, if they are to; what it gives then ends the process. Again changes nothing. */
  stop(request: EngineStopRequest): Promise<() => void>;
}

async function startDaemon(config: DaemonConfig, log: Log): Promise<Daemon> {
  if (process.getuid?.() !== 0) throw new EngineError("permission-denied", "it needs root");
  requireFeatures(kernelFeatures());
  const lock = lockExecRoot(config.execRoot);
  claimPidFile(config.pidFile);
  const clock = systemClock();
  const events = new EventBus(clock);
  const [store, { host, runtimes }] = await Promise.all([
    openStore(config.dataRoot),
    lookAtHost(config),
  ]);
  const networks = createNetworkService(networkOptions(config, store, events, log));
  const supervisor = new SupervisorClient({
    execRoot: config.execRoot,
    command: [...selfCommand(), "supervisor", "--exec-root", config.execRoot],
  });
  const parts = { config, log, clock, events, store, networks, host, supervisor, runtimes };
  const context = createContext({ ...parts, onUnhealthy: restartUnhealthy });
  await startEngine(context, async () => {
    await Promise.all([supervisor.connect(), networks.start()]);
  });
  const builds = createBuildContext(context, config.buildCacheLimit);
  await recoverBuilds(builds);

  const stop = async ({ containers }: EngineStopRequest): Promise<() => void> => {
    log.info("Berth is going down", { containers });
    if (containers) await stopAllContainers(context, config.shutdownTimeout);
    return () => void end({ containers });
  };
  let ending = false;
  const end = async ({ containers }: EngineStopRequest): Promise<void> => {
    if (ending) return;
    ending = true;
    try {
      await server.close();
      if (containers) await networks.cleanUp();
      await Promise.all([networks.close(), supervisor.close()]);
      await store.close();
      removeIdleParent(host, config.engine.cgroupParent);
      if (config.pidFile !== undefined) rmSync(config.pidFile, { force: true });
      closeSync(lock);
      if (config.ephemeralRoot !== undefined) {
        rmSync(config.ephemeralRoot, { recursive: true, force: true });
      }
    } catch (error) {
      log.error("Cannot end cleanly", { error: errorMessage(error) });
    }
    process.exit(0);
  };
  const server = new ApiServer({
    routes: engineRoutes(createBackends(context, { config, runtimes, builds, stop })),
    version: PROGRAM_VERSION,
    log: (level, message) => log[level](message),
    refuses: (address) => isOnBridge(networks.list(), address),
  });
  const { tls } = config;
  await Promise.all([
    ...config.addresses.map((address) => server.listen(address, { tls })),
    ...config.apiSockets.map(({ role, ...socket }) =>
      server.listen({ kind: "unix", ...socket }, { role }),
    ),
  ]);
  log.info("Berth is ready", { version: PROGRAM_VERSION, runtime: runtimes[0]?.name });
  return { stop };
}
