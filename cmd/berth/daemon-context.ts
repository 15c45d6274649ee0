import { randomUUID } from "node:crypto";
import { readFileSync, statfsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { EtcdStore } from "../../src/cluster/index.ts";
import type { Clock } from "../../src/engine/clock.ts";
import type { Container } from "../../src/engine/containers/container.ts";
import type { ContainerRecord, ExecRecord } from "../../src/engine/containers/container-record.ts";
import { ContainerRegistry } from "../../src/engine/containers/container-registry.ts";
import { imageContainers } from "../../src/engine/containers/neighbours.ts";
import type { EngineContext } from "../../src/engine/context.ts";
import type { EventBus } from "../../src/engine/events/event-bus.ts";
import { createImageService } from "../../src/engine/images/index.ts";
import type { Log } from "../../src/engine/log.ts";
import {
  type PluginMount,
  VolumePlugins,
} from "../../src/engine/volumes/plugins/volume-plugins.ts";
import { TrashKeeper } from "../../src/engine/volumes/trash-keeper.ts";
import { detectCgroups, releaseUnifiedControllers } from "../../src/linux/cgroup/cgroup-host.ts";
import { selfCommand } from "../../src/linux/self-command.ts";
import type { NetworkService, NetworkServiceOptions } from "../../src/network/index.ts";
import {
  createSeccompCompiler,
  detectRuntimeHost,
  OciRuntime,
  type ProbedRuntime,
  probeRuntimes,
  type RuntimeHost,
} from "../../src/runtime/index.ts";
import type { Store } from "../../src/store/index.ts";
import type { Supervisor } from "../../src/supervisor/index.ts";
import { PROGRAM_VERSION } from "./build-info.ts";
import type { DaemonConfig } from "./daemon-config.ts";

export interface ContextParts {
  config: DaemonConfig;
  log: Log;
  clock: Clock;
  events: EventBus;
  store: Store;
  networks: NetworkService;
  host: RuntimeHost;
  supervisor: Supervisor;
  /** The default first. */
  runtimes: readonly ProbedRuntime[];
  onUnhealthy(context: EngineContext, container: Container): void;
}

/** Puts together what every verb works with. */
export function createContext(parts: ContextParts): EngineContext {
  const { config, log, clock, events, store, networks, host, supervisor } = parts;
  const runtimes = new Map(
    parts.runtimes.map((probe) => [
      probe.name,
      new OciRuntime({
        probe,
        stateRoot: join(config.execRoot, "runtime"),
        systemdCgroup: host.cgroupDriver === "systemd",
      }),
    ]),
  );
  const [runtime] = runtimes.values();
  if (runtime === undefined) throw new Error("there is no OCI runtime");
  const seccomp = runtime.takesBpf
    ? createSeccompCompiler(join(config.dataRoot, "seccomp"))
    : undefined;
  const context: EngineContext = {
    clock,
    log,
    config: config.engine,
    execRoot: config.execRoot,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    store,
    images: createImageService({
      store,
      clock,
      containers: imageContainers(() => context),
      emit: (event) => events.publish(event),
      registry: {
        insecureRegistries: config.registry.insecure,
        mirrors: config.registry.mirrors,
        certificateDirectories: ["/etc/berth/certs.d", "/etc/docker/certs.d"],
      },
      concurrentDownloads: config.concurrentDownloads,
      diskLimit: config.imageDiskLimit,
    }),
    networks,
    runtime,
    runtimes,
    host,
    ...(seccomp === undefined ? {} : { seccomp }),
    supervisor,
    events,
    containers: new ContainerRegistry(store.records.collection<ContainerRecord>("containers")),
    execs: new Map(),
    steps: new Map(),
    execRecords: store.records.collection<ExecRecord>("execs"),
    trashKeeper: new TrashKeeper({
      trash: store.volumes.trash,
      settings: config.volumeTrash,
      clock,
      log,
      disk: () => diskSpace(config.dataRoot),
    }),
    volumePlugins: new VolumePlugins({
      directories: config.pluginDirectories,
      mounts: store.records.collection<PluginMount>("plugin-mounts"),
    }),
    shutdown: { underWay: false },
    onUnhealthy: (container) => parts.onUnhealthy(context, container),
  };
  return context;
}

/** Of the file system that the volumes are on, bytes. */
function diskSpace(dataRoot: string): { total: number; free: number } {
  const { bsize, blocks, bavail } = statfsSync(join(dataRoot, "volumes"));
  return { total: blocks * bsize, free: bavail * bsize };
}

/**
 * What this machine can do, and its OCI runtimes, the default first. A hybrid host is made fit for crun
 * before it is looked at, because that adds a cgroup hierarchy.
 */
export async function lookAtHost(
  config: DaemonConfig,
): Promise<{ host: RuntimeHost; runtimes: ProbedRuntime[] }> {
  const crunRefused = releaseUnifiedControllers(detectCgroups());
  const runtimes = await probeRuntimes({
    configured: config.runtimes,
    ...(config.defaultRuntime === undefined ? {} : { preferred: config.defaultRuntime }),
    ...(crunRefused === undefined ? {} : { crunRefused }),
  });
  return { host: detectRuntimeHost(), runtimes };
}

/** The store is only spoken to once the networks start. */
function clusterOptions(
  { cluster }: DaemonConfig,
  { records }: Store,
): Pick<NetworkServiceOptions, "cluster"> {
  if (cluster === undefined) return {};
  const kept = records.collection<{ id: string }>("cluster-host");
  const self = kept.get("self") ?? { id: randomUUID() };
  kept.put("self", self);
  const { address, port, ttl, etcd } = cluster;
  const host = {
    id: self.id,
    name: hostname(),
    address,
    port,
    ttl,
    version: PROGRAM_VERSION,
    started: new Date().toISOString(),
  };
  return { cluster: { store: new EtcdStore(etcd), host } };
}

export function networkOptions(
  config: DaemonConfig,
  store: Store,
  events: EventBus,
  log: Log,
): NetworkServiceOptions {
  const { bridge, bip, mtu, pools } = config.network;
  return {
    execRoot: config.execRoot,
    records: store.records,
    relayCommand: [...selfCommand(), "port-relay", "--exec-root", config.execRoot],
    ...(bridge === undefined ? {} : { bridge }),
    ...(bip === undefined ? {} : { bip }),
    ...(mtu === undefined ? {} : { mtu }),
    ...clusterOptions(config, store),
    ...(pools.length === 0 ? {} : { defaultAddressPools: pools }),
    warn: (message) => log.warn(message),
    onEvent: ({ action, network, containerId }) =>
      events.publish({
        type: "network",
        action,
        id: network.id,
        attributes: {
          ...(containerId === undefined ? {} : { container: containerId }),
          name: network.name,
          type: network.driver,
        },
      }),
  };
}
