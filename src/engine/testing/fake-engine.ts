import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { NetworkService } from "../../network/index.ts";
import { detectRuntimeHost, type OciRuntime } from "../../runtime/index.ts";
import {
  type ContainerId,
  type EventMessage,
  hostPlatform,
  notFound,
  randomId,
} from "../../spec/index.ts";
import type {
  Collection,
  NewVolume,
  Store,
  VolumeRecord,
  VolumeStore,
  VolumeTrash,
} from "../../store/index.ts";
import {
  type ProcessExit,
  type ProcessRecord,
  type ProcessRequest,
  RuntimeStartError,
  type Supervisor,
} from "../../supervisor/index.ts";
import { type Clock, NEVER, systemClock, timestamp } from "../clock.ts";
import type { ContainerRecord, ExecRecord } from "../containers/container-record.ts";
import { ContainerRegistry } from "../containers/container-registry.ts";
import { emptyNetworkSettings } from "../containers/container-view.ts";
import type { EngineContext } from "../context.ts";
import { handleExit } from "../engine.ts";
import { EventBus } from "../events/event-bus.ts";
import type { ImageService } from "../images/index.ts";
import { silentLog } from "../log.ts";
import { type PluginMount, VolumePlugins } from "../volumes/plugins/volume-plugins.ts";
import { TrashKeeper } from "../volumes/trash-keeper.ts";

/** An engine whose kernel is made of maps: what outlives a daemon is in `world`. */
export interface FakeEngine {
  context: EngineContext;
  world: World;
  events: string[];
  /** Lets the process of a container end. */
  exit(id: string, exitCode: number): Promise<void>;
  /** Another daemon over the same world, as after a kill; nothing of the old one is used any more. */
  again(): FakeEngine;
  /** Removes its directory. */
  dispose(): void;
}

export class World {
  readonly root = mkdtempSync(join(tmpdir(), "berth-engine-"));
  readonly containers = new Map<string, string>();
  readonly execs = new Map<string, string>();
  readonly processes = new Map<string, ProcessRecord>();
  readonly mounted = new Set<string>();
  readonly joined = new Set<string>();
  readonly volumes = new Map<string, VolumeRecord>();
  /** Volumes that were filled from an image. */
  readonly filled: string[] = [];
  copyFailure = false;
  readonly requests: ProcessRequest[] = [];
  bootId = "boot-1";
  /** The next start fails so. */
  startFailure: string | undefined;
  nextPid = 2_000_000_000;

  exit(id: string, exitCode: number): ProcessExit {
    const process = this.processes.get(id);
    if (process === undefined) throw new Error(`no process ${id}`);
    const finishedAt = timestamp(BigInt(Date.now()) * 1_000_000n);
    process.exit = { id, exitCode, finishedAt, pid: process.pid };
    process.state = "exited";
    return process.exit;
  }

  directory(id: string): string {
    return join(this.root, "containers", id);
  }
}

export function fakeEngine(world = new World(), clock: Clock = systemClock()): FakeEngine {
  const events: string[] = [];
  const bus = new EventBus(clock);
  const context: EngineContext = {
    clock,
    log: silentLog,
    config: {
      logDriver: "local",
      logOptions: {},
      dns: [],
      dnsOptions: [],
      dnsSearch: [],
      defaultShmSize: 1 << 26,
      defaultUlimits: [],
      cgroupParent: "",
      init: false,
      stopTimeout: 10,
      labels: [],
      liveRestore: true,
    },
    execRoot: join(world.root, "exec"),
    bootId: world.bootId,
    store: fakeStore(world),
    images: fakeImages(),
    networks: fakeNetworks(world),
    runtime: {
      runCommand: ({ id }: { id: string }) => ["run", id],
      execCommand: ({ id }: { id: string }) => ["exec", id],
      deleteState: async () => {},
      probe: { name: "crun" },
    } as unknown as OciRuntime,
    runtimes: new Map(),
    // No controllers: every cgroup is empty and nothing of the machine is touched.
    host: {
      ...detectRuntimeHost(),
      cgroupDriver: "cgroupfs",
      cgroup: { mode: "v1", v1: new Map(), unified: undefined, unifiedControllers: new Set() },
    },
    seccomp: { compile: () => "", resolveDefault: () => ({ defaultAction: "SCMP_ACT_ALLOW" }) },
    supervisor: fakeSupervisor(world),
    events: bus,
    volumePlugins: new VolumePlugins({
      directories: { sockets: [], specs: [] },
      mounts: collection<PluginMount>(new Map()),
    }),
    // Removals are final.
    trashKeeper: new TrashKeeper({
      trash: { list: () => [] } as unknown as VolumeTrash,
      settings: { keep: 0, limit: 0 },
      clock,
      log: silentLog,
      disk: () => ({ total: 1, free: 1 }),
    }),
    containers: new ContainerRegistry(collection<ContainerRecord>(world.containers)),
    execs: new Map(),
    steps: new Map(),
    execRecords: collection<ExecRecord>(world.execs),
    shutdown: { underWay: false },
    onUnhealthy() {},
  };
  void recordEvents(bus, events);
  return {
    context,
    world,
    events,
    exit: (id, exitCode) => handleExit(context, world.exit(id, exitCode)),
    again: () => fakeEngine(world, clock),
    dispose: () => rmSync(world.root, { recursive: true, force: true }),
  };
}

/** A container that was made by `create`, with its directory. */
export function addContainer(
  engine: FakeEngine,
  changes: {
    host?: Partial<ContainerRecord["hostConfig"]>;
    record?: Partial<ContainerRecord>;
  } = {},
): string {
  const { context, world } = engine;
  const id = randomId<ContainerId>();
  const name = context.containers.reserveName(changes.record?.name, id);
  mkdirSync(world.directory(id), { recursive: true });
  context.containers.add({
    id,
    name,
    created: timestamp(context.clock.nanoseconds()),
    imageId: "",
    config: {
      Hostname: "h",
      Domainname: "",
      User: "",
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: [],
      Cmd: ["true"],
      Image: "busybox",
      Volumes: null,
      WorkingDir: "",
      Entrypoint: null,
      Labels: {},
    },
    hostConfig: {
      ...HOST_CONFIG,
      ...changes.host,
    },
    endpoints: {},
    mounts: [],
    path: "true",
    args: [],
    state: {
      status: "created",
      pid: 0,
      exitCode: 0,
      error: "",
      oomKilled: false,
      startedAt: NEVER,
      finishedAt: NEVER,
    },
    network: emptyNetworkSettings(),
    restartCount: 0,
    stoppedByUser: false,
    cgroupPath: `/berth/${id}`,
    bootId: "",
    ...changes.record,
  });
  return id;
}

const HOST_CONFIG = {
  NetworkMode: "bridge",
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  LogConfig: { Type: "none", Config: {} },
  ConsoleSize: [0, 0],
  Memory: 0,
  AutoRemove: false,
  IpcMode: "private",
  PidMode: "",
  UTSMode: "",
  UsernsMode: "",
  CgroupnsMode: "private",
  CgroupParent: "",
  Runtime: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  PortBindings: null,
  MaskedPaths: [],
  ReadonlyPaths: [],
  CapAdd: null,
  CapDrop: null,
  Dns: null,
  DnsSearch: null,
  DnsOptions: null,
  ExtraHosts: null,
  Links: null,
  GroupAdd: null,
  SecurityOpt: null,
  Ulimits: null,
  Devices: null,
  DeviceRequests: null,
  DeviceCgroupRules: null,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  MemorySwap: 0,
  MemorySwappiness: null,
  MemoryReservation: 0,
  NanoCpus: 0,
  CpuShares: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  PidsLimit: null,
  OomKillDisable: null,
  OomScoreAdj: 0,
  BlkioWeight: 0,
  ShmSize: 1 << 26,
} as unknown as ContainerRecord["hostConfig"];

function collection<T>(rows: Map<string, string>): Collection<T> {
  const parse = (text: string) => JSON.parse(text) as T;
  return {
    get: (key) => {
      const text = rows.get(key);
      return text === undefined ? undefined : parse(text);
    },
    all: () => [...rows.values()].map(parse),
    entries: () => [...rows].map(([key, text]) => [key, parse(text)]),
    put: (key, value) => void rows.set(key, JSON.stringify(value)),
    delete: (key) => rows.delete(key),
  };
}

function fakeStore(world: World): Store {
  const snapshots = {
    containerDirectory: (id: string) => world.directory(id),
    hasContainer: (id: string) => snapshots.containers().includes(id),
    containers: () => readdirSync(join(world.root, "containers")),
    mount(id: string) {
      world.mounted.add(id);
      return world.directory(id);
    },
    unmount: (id: string) => void world.mounted.delete(id),
    unmountAllExcept(running: ReadonlySet<string>) {
      for (const id of world.mounted) if (!running.has(id)) world.mounted.delete(id);
    },
    prepareContainer(id: string) {
      mkdirSync(world.directory(id), { recursive: true });
      return world.directory(id);
    },
    withMounted: <T>(id: string, use: (rootfs: string) => Promise<T>) => use(world.directory(id)),
    removeContainer(id: string) {
      world.mounted.delete(id);
      rmSync(world.directory(id), { recursive: true, force: true });
    },
    writableSize: async () => 1,
  };
  return {
    snapshots,
    volumes: fakeVolumes(world),
    images: { get: () => undefined },
    records: { transaction: <T>(work: () => T) => work() },
    journal: { begin: () => ({ update() {}, finish() {} }), recover: async () => {} },
  } as unknown as Store;
}

function fakeVolumes(world: World): VolumeStore {
  return {
    create({ name, labels, options }: NewVolume) {
      const anonymous = name === undefined || name === "";
      const key = anonymous ? randomId() : name;
      const volume: VolumeRecord = world.volumes.get(key) ?? {
        name: key,
        driver: "local",
        mountpoint: join(world.root, "volumes", key),
        createdAt: timestamp(0n),
        labels: labels ?? {},
        options: options ?? {},
        anonymous,
      };
      world.volumes.set(key, volume);
      return volume;
    },
    has: (name: string) => world.volumes.has(name),
    list: () => [...world.volumes.values()],
    get(name: string) {
      const volume = world.volumes.get(name);
      if (volume === undefined) throw notFound(`get ${name}: no such volume`);
      return volume;
    },
    remove(name: string) {
      if (!world.volumes.delete(name)) throw notFound(`get ${name}: no such volume`);
    },
    snapshots: () => [],
    adopt() {},
    prepare: async (name: string) => join(world.root, "volumes", name),
    acquire: (name: string) => join(world.root, "volumes", name),
    release() {},
    releaseAllExcept() {},
    async copyUp(name: string) {
      world.filled.push(name);
      if (world.copyFailure) throw new Error("disk full");
    },
    size: async () => 10,
  } as unknown as VolumeStore;
}

/** Knows one image, `busybox`. */
function fakeImages(): ImageService {
  return {
    resolve(name: string) {
      if (!/^busybox(:latest)?$/.test(name)) throw notFound(`No such image: ${name}:latest`);
      return {
        id: "sha256:b0",
        config: {
          os: "linux",
          architecture: hostPlatform().architecture,
          config: { Cmd: ["sh"], Env: ["PATH=/bin"] },
          rootfs: { type: "layers", diff_ids: [] },
        },
      };
    },
  } as unknown as ImageService;
}

function fakeNetworks(world: World): NetworkService {
  return {
    async join({ containerId }: { containerId: string }) {
      world.joined.add(containerId);
      return { namespacePath: "/proc/self/ns/net", settings: emptyNetworkSettings() };
    },
    leave: (id: string) => void world.joined.delete(id),
    settings: () => emptyNetworkSettings(),
    rename() {},
    async restore(running: readonly { id: string }[]) {
      const ids = new Set(running.map(({ id }) => id));
      for (const id of world.joined) if (!ids.has(id)) world.joined.delete(id);
    },
  } as unknown as NetworkService;
}

function fakeSupervisor(world: World): Supervisor {
  return {
    async start(request) {
      world.requests.push(request);
      const failure = world.startFailure;
      world.startFailure = undefined;
      if (failure !== undefined) {
        const details = { exitStatus: 1, stderr: failure, runtimeLog: "" };
        throw new RuntimeStartError("runtime failed", details);
      }
      const pid = world.nextPid++;
      world.processes.set(request.id, {
        id: request.id,
        pid,
        state: "running",
        tty: request.tty,
        startedAt: timestamp(BigInt(Date.now()) * 1_000_000n),
      });
      return { pid };
    },
    attach: async () => new PassThrough(),
    resize: async () => {},
    processes: async () => [...world.processes.values()],
    forget: async (id) => void world.processes.delete(id),
    onExit() {},
    close: async () => {},
  };
}

async function recordEvents(bus: EventBus, into: string[]): Promise<void> {
  const stream: AsyncIterable<EventMessage> = bus.subscribe(
    { filters: {} },
    new AbortController().signal,
  );
  for await (const event of stream) into.push(event.Action);
}
