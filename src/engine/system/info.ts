import { availableParallelism, hostname, release, totalmem } from "node:os";
import { LOG_DRIVERS } from "../../logs/index.ts";
import type { RuntimeHost } from "../../runtime/index.ts";
import type { SystemInfo } from "../../spec/index.ts";
import { timestamp } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import type { DaemonDescription } from "./daemon-description.ts";
import {
  daemonId,
  fileSystemName,
  machineName,
  openFiles,
  operatingSystem,
  sysctlOn,
  threads,
} from "./host-facts.ts";

const INDEX_SERVER = "https://index.docker.io/v1/";

function containerCounts(context: EngineContext) {
  let [running, paused, stopped] = [0, 0, 0];
  for (const { record } of context.containers.all()) {
    if (record.state.status === "running" || record.state.status === "restarting") running += 1;
    else if (record.state.status === "paused") paused += 1;
    else stopped += 1;
  }
  return {
    Containers: running + paused + stopped,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: stopped,
  };
}

function limitFields({ limits }: RuntimeHost) {
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuCfs,
    CpuCfsQuota: limits.cpuCfs,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    OomKillDisable: limits.oomKillDisable,
  };
}

/** Docker's warnings about what this host cannot do. */
export function hostWarnings(host: RuntimeHost, forwarding: boolean): string[] {
  const { limits, cgroup } = host;
  const missing: [boolean, string][] = [
    [limits.memory, "WARNING: No memory limit support"],
    [limits.swap, "WARNING: No swap limit support"],
    [limits.cpuCfs, "WARNING: No cpu cfs quota support"],
    [limits.cpuCfs, "WARNING: No cpu cfs period support"],
    [limits.cpuShares, "WARNING: No cpu shares support"],
    [limits.cpuset, "WARNING: No cpuset support"],
    [limits.pids, "WARNING: No pids limit support"],
    [limits.oomKillDisable || cgroup.mode === "v2", "WARNING: No oom kill disable support"],
    [limits.blkioWeight, "WARNING: No blkio weight support"],
    [limits.blkioWeightDevice, "WARNING: No blkio weight_device support"],
    [limits.blkioReadBps, "WARNING: No blkio throttle.read_bps_device support"],
    [limits.blkioWriteBps, "WARNING: No blkio throttle.write_bps_device support"],
    [limits.blkioReadIops, "WARNING: No blkio throttle.read_iops_device support"],
    [limits.blkioWriteIops, "WARNING: No blkio throttle.write_iops_device support"],
    [forwarding, "WARNING: IPv4 forwarding is disabled"],
  ];
  return missing.filter(([present]) => !present).map(([, warning]) => warning);
}

function securityOptions(host: RuntimeHost): string[] {
  return [
    ...(host.appArmor.enabled ? ["name=apparmor"] : []),
    ...(host.seccomp ? ["name=seccomp,profile=builtin"] : []),
    ...(host.cgroup.mode === "v2" ? ["name=cgroupns"] : []),
  ];
}

function registryConfig({ registry }: DaemonDescription): SystemInfo["RegistryConfig"] {
  const mirrors = [...registry.mirrors];
  const isNetwork = (name: string) => name.includes("/");
  const hosts = registry.insecure.filter((name) => !isNetwork(name));
  return {
    IndexConfigs: {
      "docker.io": { Name: "docker.io", Mirrors: mirrors, Secure: true, Official: true },
      ...Object.fromEntries(
        hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]),
      ),
    },
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...registry.insecure.filter(isNetwork)],
    Mirrors: mirrors,
  };
}

function runtimeFields(daemon: DaemonDescription) {
  const [first] = daemon.runtimes;
  return {
    Runtimes: Object.fromEntries(
      daemon.runtimes.map(({ name, path, version, why }) => [
        name,
        { path, status: { "berth.runtime.version": version, "berth.runtime.reason": why } },
      ]),
    ),
    DefaultRuntime: first?.name ?? "",
    RuncCommit: { ID: first?.commit ?? "" },
  };
}

function hostFields(host: RuntimeHost) {
  const system = operatingSystem();
  return {
    CgroupDriver: host.cgroupDriver,
    CgroupVersion: host.cgroup.mode === "v2" ? ("2" as const) : ("1" as const),
    KernelVersion: release(),
    OperatingSystem: system.name,
    OSVersion: system.version,
    OSType: "linux",
    Architecture: machineName(),
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    Name: hostname(),
    InitBinary: "path" in host.init ? host.init.path : "",
    SecurityOptions: securityOptions(host),
    Isolation: "",
  };
}

function processFields(context: EngineContext) {
  return {
    NFd: openFiles(),
    // Goroutines are Go's; what comes closest are the threads.
    NGoroutines: threads(),
    SystemTime: timestamp(context.clock.nanoseconds()),
    NEventsListener: context.events.listenerCount,
    HttpProxy: proxy("http_proxy"),
    HttpsProxy: proxy("https_proxy"),
    NoProxy: proxy("no_proxy"),
  };
}

const proxy = (name: string): string =>
  hidePassword(process.env[name.toUpperCase()] ?? process.env[name] ?? "");

/** Whoever asks for `info` need not know what the proxy wants to hear. */
const hidePassword = (url: string): string => url.replace(/\/\/[^/@]*@/, "//xxxxx:xxxxx@");

/** What `berth info` shows of the server; looked up anew at each call. */
export function systemInfo(context: EngineContext, daemon: DaemonDescription): SystemInfo {
  const { host, config } = context;
  const forwarding = sysctlOn("net/ipv4/ip_forward");
  return {
    ID: daemonId(daemon.dataRoot),
    ...containerCounts(context),
    Images: context.store.images.list().length,
    Driver: "overlay2",
    DriverStatus: [
      ["Backing Filesystem", fileSystemName(daemon.dataRoot)],
      ["Supports d_type", "true"],
      ["Using metacopy", "false"],
      ["Native Overlay Diff", "true"],
      ["userxattr", "false"],
    ],
    DockerRootDir: daemon.dataRoot,
    Plugins: {
      Volume: ["local", ...context.volumePlugins.names()],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: [...LOG_DRIVERS],
    },
    ...limitFields(host),
    IPv4Forwarding: forwarding,
    Debug: daemon.debug,
    ...processFields(context),
    LoggingDriver: config.logDriver,
    ...hostFields(host),
    IndexServerAddress: INDEX_SERVER,
    RegistryConfig: registryConfig(daemon),
    GenericResources: null,
    FirewallBackend: { Driver: "nftables" },
    CDISpecDirs: [],
    Labels: [...config.labels],
    ExperimentalBuild: false,
    ServerVersion: daemon.version,
    ...runtimeFields(daemon),
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: config.liveRestore,
    ContainerdCommit: { ID: "" },
    InitCommit: { ID: "" },
    ...(daemon.addressPools.length > 0
      ? {
          DefaultAddressPools: daemon.addressPools.map(({ base, size }) => ({
            Base: base,
            Size: size,
          })),
        }
      : {}),
    Warnings: hostWarnings(host, forwarding),
  };
}
