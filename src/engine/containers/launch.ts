import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import type { LogConfiguration, LogDriver } from "../../logs/index.ts";
import type { Join } from "../../network/index.ts";
import { classifyStartFailure, createRuntimeSpec, encodeRuntimeSpec } from "../../runtime/index.ts";
import { EngineError, errorMessage, internal, type RuntimeSpec } from "../../spec/index.ts";
import { type ProcessRequest, processPaths, RuntimeStartError } from "../../supervisor/index.ts";
import { timestamp } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import { StepTimes } from "../step-times.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { sharedNetworkOf, writeContainerFiles } from "./container-files.ts";
import type { ContainerRecord } from "./container-record.ts";
import { startHealthMonitor } from "./health/start-health-monitor.ts";
import { linkEnvironment, requireLinked } from "./links.ts";
import { prepareVolumes } from "./mounts/create-volumes.ts";
import { HeldPlaces } from "./mounts/held-places.ts";
import { resolveMounts } from "./mounts/resolve-mounts.ts";
import { runningOwner, shareNamespaces } from "./namespaces.ts";
import { upstreamSettings } from "./resolver-file.ts";
import { attemptToStore, settleEnd } from "./store-end.ts";
import { bundleDirectory, runtimeOf, tearDown } from "./tear-down.ts";

/** Exit code of a container that could not be started for another reason than its program. */
const UNKNOWN_FAILURE = 128;

/**
 * Starts a container's first process; its lock is held. The network is joined while the file system is
 * mounted. When anything fails, everything is undone, and the reason stands in the record.
 */
export async function launch(context: EngineContext, container: Container): Promise<void> {
  const { record } = container;
  const steps = new StepTimes();
  const held = new HeldPlaces(bundleDirectory(context.execRoot, record.id));
  try {
    await settleEnd(context, container);
    const startedAt = context.clock.nanoseconds();
    const request = await prepare(context, container, steps, held);
    const { pid } = await context.supervisor.start(request);
    steps.done("supervisor");
    markRunning(context, container, pid, timestamp(startedAt));
    steps.done("record");
  } catch (error) {
    await tearDown(context, container);
    const failure = explain(error, record.path);
    record.state.error = failure.message;
    record.state.exitCode = failure.exitCode;
    await attemptToStore(context, container, () => container.save());
    container.endAttachments();
    throw failure.error;
  } finally {
    held.close();
  }
  publishContainerEvent(context, container, "start");
  steps.tell(context.log, "start");
}

/** Notes that the process runs; also for a process that an earlier daemon has started. */
export function markRunning(
  context: EngineContext,
  container: Container,
  pid: number,
  startedAt: string,
): void {
  const { record } = container;
  record.state = {
    ...record.state,
    status: "running",
    pid,
    exitCode: 0,
    error: "",
    oomKilled: false,
    startedAt,
  };
  delete record.state.health;
  record.stoppedByUser = false;
  record.bootId = context.bootId;
  startHealthMonitor(context, container);
  container.save();
  watchOom(context, container);
}

/** Tells of OOM kills; they happen only where memory is limited. */
export function watchOom(context: EngineContext, container: Container): void {
  const { record } = container;
  if (record.hostConfig.Memory <= 0) return;
  const cgroup = openCgroup(context.host.cgroup, record.cgroupPath);
  container.stopOomWatch = cgroup.watchOom(() => {
    record.state.oomKilled = true;
    publishContainerEvent(context, container, "oom");
  });
}

async function prepare(
  context: EngineContext,
  container: Container,
  steps: StepTimes,
  held: HeldPlaces,
): Promise<ProcessRequest> {
  const { record } = container;
  requireLinked(context, container);
  const [join, rootfs] = await both(joinNetworks(context, container), () =>
    context.store.snapshots.mount(container.id, { volatile: record.hostConfig.AutoRemove }),
  );
  steps.done("network-and-overlay");
  record.network = join.settings;
  const files = writeContainerFiles(context, container, join.settings);
  steps.done("files");
  const shared = shareNamespaces(context, container);
  const { shmPath, ...namespaces } = shared;
  if (record.mounts.length > 0) await prepareVolumes(context, record);
  const mounts = resolveMounts(context, container, files, held);
  publishVolumeMounts(context, container);
  const spec = createRuntimeSpec({
    id: record.id,
    config: record.config,
    hostConfig: record.hostConfig,
    rootfs,
    mounts,
    namespaces: { network: networkNamespace(container, join), ...namespaces },
    ...(shmPath === undefined ? {} : { shmPath }),
    linkEnv: linkEnvironment(context, container),
    host: context.host,
    defaultUlimits: context.config.defaultUlimits,
    takesBpf: runtimeOf(context, container).takesBpf,
    ...(context.seccomp === undefined ? {} : { seccomp: context.seccomp }),
    warn: (text) => context.log.warn(text, { container: record.id }),
  });
  steps.done("spec");
  const bundle = writeBundle(context.execRoot, record.id, spec);
  steps.done("bundle");
  return processRequest(context, container, bundle);
}

/** Does `work` while `pending` goes on; whichever fails, both have settled when this does. */
async function both<A, B>(pending: Promise<A>, work: () => B): Promise<[A, B]> {
  try {
    const result = work();
    return [await pending, result];
  } catch (error) {
    await pending.catch(() => {});
    throw error;
  }
}

async function joinNetworks(context: EngineContext, container: Container): Promise<Join> {
  const { record } = container;
  const { hostConfig, config } = record;
  const shared = sharedNetworkOf(hostConfig.NetworkMode);
  let networkMode = config.NetworkDisabled === true ? "none" : hostConfig.NetworkMode;
  if (shared !== undefined) {
    const owner = runningOwner(context, shared, "network");
    networkMode = `container:${owner.id}`;
    config.Hostname = owner.record.config.Hostname;
    config.Domainname = owner.record.config.Domainname;
  }
  return context.networks.join({
    containerId: record.id,
    name: record.name,
    hostname: config.Hostname,
    networkMode: shared === undefined ? connectedMode(record, networkMode) : networkMode,
    endpoints: record.endpoints,
    portBindings: hostConfig.PortBindings ?? {},
    publishAll: hostConfig.PublishAllPorts,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    upstream: upstreamSettings(context, container),
    ...(config.MacAddress ? { macAddress: config.MacAddress } : {}),
  });
}

/** The mode's network, or another one where a user has disconnected the container from that. */
function connectedMode({ network }: ContainerRecord, networkMode: string): string {
  const networks = Object.keys(network.Networks);
  return networks.includes(networkMode) ? networkMode : (networks[0] ?? networkMode);
}

function networkNamespace(container: Container, join: Join): "host" | "new" | { path: string } {
  if (join.namespacePath !== undefined) return { path: join.namespacePath };
  return container.record.hostConfig.NetworkMode === "host" ? "host" : "new";
}

function writeBundle(execRoot: string, id: string, spec: RuntimeSpec): string {
  const bundle = bundleDirectory(execRoot, id);
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  writeFileSync(join(bundle, "config.json"), encodeRuntimeSpec(spec), { mode: 0o600 });
  return bundle;
}

function processRequest(
  context: EngineContext,
  container: Container,
  bundle: string,
): ProcessRequest {
  const { record } = container;
  const { Tty, OpenStdin, StdinOnce } = record.config;
  const paths = processPaths(context.execRoot, record.id);
  const [rows, columns] = record.hostConfig.ConsoleSize;
  return {
    id: record.id,
    argv: runtimeOf(context, container).runCommand({
      id: record.id,
      bundle,
      pidFile: paths.pidFile,
      ...(Tty ? { consoleSocket: paths.consoleSocket } : {}),
      log: paths.runtimeLog,
    }),
    tty: Tty,
    openStdin: OpenStdin,
    stdinOnce: StdinOnce,
    ...(Tty && rows > 0 && columns > 0
      ? { consoleSize: [rows, columns] satisfies [number, number] }
      : {}),
    log: logConfiguration(context, container),
  };
}

/** Where and how a container's output is logged. */
export function logConfiguration(
  context: Pick<EngineContext, "store">,
  container: Container,
): LogConfiguration {
  const { record } = container;
  return {
    driver: record.hostConfig.LogConfig.Type as LogDriver,
    directory: context.store.snapshots.containerDirectory(record.id),
    options: record.hostConfig.LogConfig.Config,
    identity: {
      containerId: record.id,
      containerName: record.name,
      imageId: record.imageId,
      imageName: record.config.Image,
      created: record.created,
      entrypoint: record.path,
      args: record.args,
      env: record.config.Env ?? [],
      labels: record.config.Labels,
    },
  };
}

function publishVolumeMounts(context: EngineContext, container: Container): void {
  for (const mount of container.record.mounts) {
    if (mount.type !== "volume" || mount.name === undefined) continue;
    context.events.publish({
      type: "volume",
      action: "mount",
      id: mount.name,
      attributes: {
        driver: mount.driver ?? "local",
        container: container.id,
        destination: mount.destination,
        "read/write": String(mount.readWrite),
        propagation: mount.propagation,
      },
    });
  }
}

interface Explanation {
  exitCode: number;
  message: string;
  error: Error;
}

/** Docker's exit code and message for a start that failed. */
function explain(error: unknown, program: string): Explanation {
  if (error instanceof RuntimeStartError) {
    const failure = classifyStartFailure(
      error.runtimeLog === "" ? error.stderr : error.runtimeLog,
      program,
    );
    const { kind, message, exitCode } = failure;
    return { exitCode, message, error: new EngineError(kind, message, { cause: error }) };
  }
  const message = errorMessage(error);
  return {
    exitCode: UNKNOWN_FAILURE,
    message,
    error: error instanceof EngineError ? error : internal(message, error),
  };
}
