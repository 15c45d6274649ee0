import { chmodSync, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type ClusterSettings, parseClusterSettings } from "../../src/cluster/index.ts";
import { parseMirror } from "../../src/distribution/index.ts";
import type { EngineConfig } from "../../src/engine/config.ts";
import type { LogLevel } from "../../src/engine/log.ts";
import {
  DOCKER_PLUGINS,
  type PluginDirectories,
} from "../../src/engine/volumes/plugins/find-plugins.ts";
import type { TrashSettings } from "../../src/engine/volumes/trash-keeper.ts";
import { LOG_DRIVERS, type LogDriver, validateLogOptions } from "../../src/logs/index.ts";
import type { AddressPool } from "../../src/network/index.ts";
import {
  type ApiSocket,
  type ListenAddress,
  parseApiSocket,
  parseListenAddress,
  type ServerTls,
} from "../../src/server/index.ts";
import { errorMessage, invalidArgument, type Ulimit } from "../../src/spec/index.ts";
import {
  mergeSettings,
  parseConfigFile,
  parseDaemonFlags,
  type Settings,
} from "./daemon-settings.ts";

const DEFAULT_CONFIG_FILE = "/etc/berth/daemon.json";
const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;
const DEFAULT_STOP_TIMEOUT = 10;
const DEFAULT_TRASH_HOURS = 24;
const DEFAULT_SHUTDOWN_TIMEOUT = 15;
/** SDKs read logs of `json-file` alone and agents tail its files; unlike Docker's, they do not fill the disk. */
const BOUNDED_LOGS = { "max-size": "20m", "max-file": "5" };
const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** What the daemon is to be, checked. */
export interface DaemonConfig {
  /** Directory that goes when the daemon ends: everything of this one is in it. */
  ephemeralRoot: string | undefined;
  dataRoot: string;
  execRoot: string;
  addresses: ListenAddress[];
  /** Further sockets, whose clients may do less. */
  apiSockets: ApiSocket[];
  tls: ServerTls | undefined;
  pidFile: string | undefined;
  logLevel: LogLevel;
  engine: EngineConfig;
  network: { bridge?: string; bip?: string; mtu?: number; pools: AddressPool[] };
  /** Undefined: a host on its own. */
  cluster: ClusterSettings | undefined;
  registry: { mirrors: string[]; insecure: string[] };
  concurrentDownloads: number;
  /** What images may take of the disk, bytes. */
  imageDiskLimit: number | undefined;
  /** Bytes; 0: without a limit. */
  buildCacheLimit: number | undefined;
  /** How removed volumes are kept. */
  volumeTrash: TrashSettings;
  pluginDirectories: PluginDirectories;
  runtimes: Record<string, string>;
  defaultRuntime: string | undefined;
  /** Milliseconds that containers get to stop, where the daemon ends them. */
  shutdownTimeout: number;
}

/** From the words behind `berth daemon` and the configuration file. Throws `invalid-argument`. */
export function readDaemonConfig(args: readonly string[]): DaemonConfig {
  const { settings: flags, configFile } = parseDaemonFlags(args);
  const path = configFile ?? DEFAULT_CONFIG_FILE;
  const settings =
    configFile === undefined && !existsSync(path)
      ? flags
      : mergeSettings(flags, parseConfigFile(readText(path), path), path);
  return toConfig(settings);
}

function toConfig(settings: Settings): DaemonConfig {
  const tls = readTls(settings);
  const ephemeralRoot = settings.ephemeral === true ? makeEphemeralRoot() : undefined;
  const { dataRoot, exec, socket } = defaultPlaces(ephemeralRoot);
  const execRoot = absolute("exec-root", settings["exec-root"] ?? exec);
  const hosts = settings.host ?? [`unix://${socket}`];
  const addresses = hosts.map((host) => parseListenAddress(host, { tls: tls !== undefined }));
  if (tls?.ca === undefined && settings["tcp-without-certificates"] !== true) {
    addresses.forEach(refuseOpenTcp);
  }
  return {
    ephemeralRoot,
    dataRoot: absolute("data-root", settings["data-root"] ?? dataRoot),
    execRoot,
    addresses,
    apiSockets: (settings["api-socket"] ?? []).map(parseApiSocket),
    tls,
    pidFile: settings.pidfile,
    logLevel: logLevel(settings),
    engine: engineConfig(settings, ephemeralRoot),
    network: {
      ...(settings.bridge === undefined ? {} : { bridge: settings.bridge }),
      ...(settings.bip === undefined ? {} : { bip: settings.bip }),
      ...(settings.mtu === undefined ? {} : { mtu: settings.mtu }),
      pools: (settings["default-address-pool"] ?? []).map(parsePool),
    },
    cluster: clusterSettings(settings),
    registry: {
      mirrors: checkedMirrors(settings["registry-mirror"] ?? []),
      insecure: settings["insecure-registry"] ?? [],
    },
    imageDiskLimit: settings["image-disk-limit"],
    buildCacheLimit: settings["build-cache-limit"],
    concurrentDownloads: settings["max-concurrent-downloads"] ?? 3,
    pluginDirectories: pluginDirectories(settings["plugin-dir"]),
    volumeTrash: {
      keep: (settings["volume-trash-hours"] ?? DEFAULT_TRASH_HOURS) * 3_600_000,
      limit: settings["volume-trash-limit"],
    },
    runtimes: settings["add-runtime"] ?? {},
    defaultRuntime: settings["default-runtime"],
    shutdownTimeout: (settings["shutdown-timeout"] ?? DEFAULT_SHUTDOWN_TIMEOUT) * 1000,
  };
}

/** Whoever may use the API is root on the host. */
function refuseOpenTcp(address: ListenAddress): void {
  if (address.kind !== "tcp") return;
  throw invalidArgument(
    `Cannot listen on "tcp://${address.host}:${address.port}": whoever reaches it would be root here. Ask clients for certificates with --tlsverify, or say --tcp-without-certificates`,
  );
}

function makeEphemeralRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "berth-"));
  // Containers with users of their own pass through.
  chmodSync(root, 0o711);
  return root;
}

function defaultPlaces(ephemeralRoot: string | undefined) {
  if (ephemeralRoot === undefined) {
    return { dataRoot: "/var/lib/berth", exec: "/run/berth", socket: "/run/berth.sock" };
  }
  const place = (name: string) => join(ephemeralRoot, name);
  return { dataRoot: place("data"), exec: place("run"), socket: place("berth.sock") };
}

function clusterSettings(settings: Settings): ClusterSettings | undefined {
  const store = settings["cluster-store"];
  const options = settings["cluster-store-opt"] ?? {};
  if (store === undefined) return undefined;
  return parseClusterSettings(store, settings["cluster-advertise"], options);
}

/** What is named holds sockets and files alike. */
function pluginDirectories(named: readonly string[] | undefined): PluginDirectories {
  return named === undefined ? DOCKER_PLUGINS : { sockets: named, specs: named };
}

function checkedMirrors(mirrors: string[]): string[] {
  mirrors.forEach(parseMirror);
  return mirrors;
}

function engineConfig(settings: Settings, ephemeralRoot: string | undefined): EngineConfig {
  const logDriver = settings["log-driver"] ?? "json-file";
  const unsaid = settings["log-driver"] === undefined && settings["log-opt"] === undefined;
  const logOptions = settings["log-opt"] ?? {};
  if (!LOG_DRIVERS.includes(logDriver as LogDriver)) {
    throw invalidArgument(`logger: no log driver named '${logDriver}' is registered`);
  }
  validateLogOptions(logDriver, logOptions);
  const gateway = settings["host-gateway-ip"];
  return {
    logDriver: logDriver as LogDriver,
    logOptions,
    ...(unsaid ? { unsaidLogOptions: BOUNDED_LOGS } : {}),
    dns: settings.dns ?? [],
    dnsOptions: settings["dns-opt"] ?? [],
    dnsSearch: settings["dns-search"] ?? [],
    ...(gateway === undefined ? {} : { hostGatewayIp: gateway }),
    defaultShmSize: settings["default-shm-size"] ?? DEFAULT_SHM_SIZE,
    defaultUlimits: (settings["default-ulimit"] ?? []).map(parseUlimit),
    cgroupParent:
      settings["cgroup-parent"] ??
      (ephemeralRoot === undefined ? "" : `/${basename(ephemeralRoot)}`),
    init: settings.init ?? false,
    stopTimeout: DEFAULT_STOP_TIMEOUT,
    labels: settings.label ?? [],
    liveRestore: settings["live-restore"] ?? true,
  };
}

function logLevel(settings: Settings): LogLevel {
  if (settings.debug === true) return "debug";
  const level = settings["log-level"] ?? "info";
  const known = LOG_LEVELS.find((name) => name === level);
  if (known === undefined) throw invalidArgument(`unable to parse logging level: ${level}`);
  return known;
}

/** `base=10.0.0.0/8,size=24`. */
function parsePool(text: string): AddressPool {
  const fields = new Map(text.split(",").map((field) => field.split("=", 2) as [string, string]));
  const base = fields.get("base");
  const size = Number(fields.get("size"));
  if (base === undefined || !Number.isInteger(size) || size < 1 || size > 128) {
    throw invalidArgument(
      `invalid argument "${text}" for "--default-address-pool": expected base=CIDR,size=BITS`,
    );
  }
  return { base, size };
}

/** `nofile=1024:2048`. */
function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw invalidArgument(`invalid ulimit argument: ${text}`);
  const soft = Number(match[2]);
  return {
    Name: match[1] ?? "",
    Soft: soft,
    Hard: match[3] === undefined ? soft : Number(match[3]),
  };
}

/** Flags of dockerd: `--tlsverify` asks clients for certificates, any of them turns TLS on. */
function readTls(settings: Settings): ServerTls | undefined {
  const verify = settings.tlsverify === true;
  if (settings.tls !== true && !verify) return undefined;
  const home = join(homedir(), ".docker");
  return {
    certificate: readText(settings.tlscert ?? join(home, "cert.pem")),
    key: readText(settings.tlskey ?? join(home, "key.pem")),
    ...(verify ? { ca: readText(settings.tlscacert ?? join(home, "ca.pem")) } : {}),
  };
}

function absolute(name: string, path: string): string {
  if (!path.startsWith("/")) throw invalidArgument(`--${name} must be an absolute path: ${path}`);
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalidArgument(`Cannot read "${path}": ${errorMessage(error)}`, error);
  }
}
