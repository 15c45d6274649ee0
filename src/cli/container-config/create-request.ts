import type {
  ContainerCreateRequest,
  DeviceMapping,
  DeviceRequest,
  HealthConfig,
  HostConfig,
  Resources,
} from "../../spec/index.ts";
import { CliError } from "../cli-error.ts";
import type { FlagValues } from "../flags/flag.ts";
import { splitPair } from "../flags/flag-kinds.ts";
import type { containerFlags } from "./container-flags.ts";
import { parseDevices } from "./devices.ts";
import { readLabels, readVariables } from "./environment.ts";
import { checkPlatform, parseRestartPolicy } from "./names.ts";
import { checkMacAddress, resolveEndpoints } from "./network-attachment.ts";
import { type PortSettings, parsePorts } from "./ports.ts";
import { parseSecurityOptions, resolveCapabilities } from "./security.ts";
import { parseVolumes } from "./volumes.ts";

export type ContainerFlagValues = FlagValues<typeof containerFlags>;

export interface CreateInput {
  readonly values: ContainerFlagValues;
  readonly changed: ReadonlySet<string>;
  /** Image, command, arguments. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The body of a create request, as Docker's CLI makes it from the same flags. Throws an Error in its
 * words for what does not fit together.
 */
export async function createRequest(input: CreateInput): Promise<ContainerCreateRequest> {
  const { values, changed, args, environment } = input;
  checkValues(values, changed);
  const [image = "", ...words] = args;
  const ports = parsePorts(values.publish, values.expose);
  const volumes = parseVolumes(values.volume);
  const streams = attachedStreams(values);
  const variables = await readVariables(values["env-file"], values.env, environment);
  const health = healthConfig(values, changed);
  const network = networkSettings(values);
  return {
    Hostname: values.hostname,
    Domainname: values.domainname,
    User: values.user,
    AttachStdin: streams.stdin,
    AttachStdout: streams.stdout,
    AttachStderr: streams.stderr,
    ...(Object.keys(ports.exposed).length === 0 ? {} : { ExposedPorts: ports.exposed }),
    Tty: values.tty,
    OpenStdin: values.interactive,
    // The container's input ends with the client that was attached to it.
    StdinOnce: values.interactive && streams.stdin,
    Env: variables.length === 0 ? null : variables,
    Cmd: words.length === 0 ? null : words,
    ...(health === undefined ? {} : { Healthcheck: health }),
    Image: image,
    Volumes: volumes.anonymous,
    WorkingDir: values.workdir,
    Entrypoint: changed.has("entrypoint") ? [values.entrypoint] : null,
    OnBuild: null,
    Labels: await readLabels(values["label-file"], values.label),
    ...(values["stop-signal"] === "" ? {} : { StopSignal: values["stop-signal"] }),
    ...(changed.has("stop-timeout") ? { StopTimeout: values["stop-timeout"] } : {}),
    HostConfig: await hostConfig(input, ports, volumes.binds, network.mode),
    NetworkingConfig: { EndpointsConfig: network.endpoints },
  };
}

const WINDOWS_ONLY = ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"];

function checkValues(values: ContainerFlagValues, changed: ReadonlySet<string>): void {
  for (const name of WINDOWS_ONLY) {
    if (!changed.has(name)) continue;
    throw new CliError(
      `"--${name}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
    );
  }
  try {
    checkPlatform(values.platform);
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
  if (values["mac-address"] !== "") checkMacAddress(values["mac-address"].trim());
  const swappiness = values["memory-swappiness"];
  if (swappiness < -1 || swappiness > 100) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  checkNamespaceModes(values);
}

/** `container:NAME`, `host` and others are what a namespace can be shared with. */
function checkNamespaceModes(values: ContainerFlagValues): void {
  const isContainer = /^container:.+$/.test(values.pid);
  if (!["", "host"].includes(values.pid) && !isContainer)
    throw new Error("--pid: invalid PID mode");
  if (!["", "host"].includes(values.uts)) throw new Error("--uts: invalid UTS mode");
  if (!["", "host"].includes(values.userns)) throw new Error("--userns: invalid USER mode");
  if (!["", "host", "private"].includes(values.cgroupns)) {
    throw new Error("--cgroupns: invalid CGROUP mode");
  }
}

function attachedStreams({ attach, interactive }: ContainerFlagValues) {
  const all = attach.length === 0;
  return {
    stdin: attach.includes("stdin") || (all && interactive),
    stdout: all || attach.includes("stdout"),
    stderr: all || attach.includes("stderr"),
  };
}

function networkSettings(values: ContainerFlagValues) {
  return resolveEndpoints(values.network, {
    aliases: values["network-alias"],
    links: values.link,
    ipv4: values.ip,
    ipv6: values.ip6,
    linkLocal: values["link-local-ip"],
    macAddress: values["mac-address"].trim(),
  });
}

function healthConfig(
  values: ContainerFlagValues,
  changed: ReadonlySet<string>,
): HealthConfig | undefined {
  const interval = values["health-interval"];
  const timeout = values["health-timeout"];
  const start = values["health-start-period"];
  const startInterval = values["health-start-interval"];
  const retries = values["health-retries"];
  const durations = { interval, timeout, "start-period": start, "start-interval": startInterval };
  const hasSettings =
    values["health-cmd"] !== "" ||
    retries !== 0 ||
    Object.values(durations).some((each) => each !== 0);
  if (values["no-healthcheck"]) {
    if (hasSettings) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!hasSettings) return undefined;
  for (const [name, value] of Object.entries({ ...durations, retries })) {
    if (value < 0) throw new Error(`--health-${name} cannot be negative`);
  }
  return {
    ...(values["health-cmd"] !== "" || changed.has("health-cmd")
      ? { Test: ["CMD-SHELL", values["health-cmd"]] }
      : {}),
    ...(interval === 0 ? {} : { Interval: interval }),
    ...(timeout === 0 ? {} : { Timeout: timeout }),
    ...(start === 0 ? {} : { StartPeriod: start }),
    ...(startInterval === 0 ? {} : { StartInterval: startInterval }),
    ...(retries === 0 ? {} : { Retries: retries }),
  };
}

const orNull = <T>(values: readonly T[]): T[] | null => (values.length === 0 ? null : [...values]);

async function hostConfig(
  { values, changed }: CreateInput,
  ports: PortSettings,
  binds: string[],
  networkMode: string,
): Promise<Partial<HostConfig>> {
  const restart = parseRestartPolicy(values.restart);
  if (values.rm && restart.Name !== "no" && restart.Name !== "") {
    throw new Error("conflicting options: cannot specify both --restart and --rm");
  }
  const capabilities = resolveCapabilities(values["cap-add"], values["cap-drop"]);
  const security = await parseSecurityOptions(values["security-opt"]);
  const { devices, requests } = parseDevices(values.device);
  return {
    Binds: orNull(binds),
    ContainerIDFile: values.cidfile,
    LogConfig: { Type: values["log-driver"], Config: logOptions(values) },
    NetworkMode: networkMode,
    PortBindings: ports.bindings,
    RestartPolicy: restart,
    AutoRemove: values.rm,
    VolumeDriver: values["volume-driver"],
    VolumesFrom: orNull(values["volumes-from"]),
    ConsoleSize: [0, 0],
    ...given("Annotations", values.annotation),
    CapAdd: capabilities.add,
    CapDrop: capabilities.drop,
    CgroupnsMode: values.cgroupns,
    Dns: [...values.dns],
    DnsOptions: [...values["dns-option"]],
    DnsSearch: [...values["dns-search"]],
    ExtraHosts: orNull(values["add-host"]),
    GroupAdd: orNull(values["group-add"]),
    IpcMode: values.ipc,
    Cgroup: "",
    Links: orNull(values.link),
    OomScoreAdj: values["oom-score-adj"],
    PidMode: values.pid,
    Privileged: values.privileged,
    PublishAllPorts: values["publish-all"],
    ReadonlyRootfs: values["read-only"],
    SecurityOpt: security.options,
    ...given("StorageOpt", storageOptions(values["storage-opt"])),
    ...given("Tmpfs", Object.fromEntries(values.tmpfs.map(tmpfsPair))),
    UTSMode: values.uts,
    UsernsMode: values.userns,
    ShmSize: values["shm-size"],
    ...given("Sysctls", values.sysctl),
    ...(values.runtime === "" ? {} : { Runtime: values.runtime }),
    Isolation: values.isolation,
    ...resources(values, devices, [...values.gpus, ...requests]),
    ...(values.mount.length === 0 ? {} : { Mounts: [...values.mount] }),
    MaskedPaths: security.maskedPaths,
    ReadonlyPaths: security.readonlyPaths,
    ...(changed.has("init") ? { Init: values.init } : {}),
  };
}

/** The entry where the map has something in it; the API leaves empty ones out. */
function given<Name extends string>(
  name: Name,
  map: Readonly<Record<string, string>>,
): { [Key in Name]?: Record<string, string> } {
  if (Object.keys(map).length === 0) return {};
  return { [name]: { ...map } } as { [Key in Name]?: Record<string, string> };
}

function logOptions(values: ContainerFlagValues): Record<string, string> {
  if (values["log-driver"] === "none" && values["log-opt"].length > 0) {
    throw new Error("invalid logging opts for driver none");
  }
  return Object.fromEntries(values["log-opt"].map(splitPair));
}

function storageOptions(options: readonly string[]): Record<string, string> {
  if (!options.every((option) => option.includes("="))) throw new Error("invalid storage option");
  return Object.fromEntries(options.map(splitPair));
}

function tmpfsPair(text: string): [path: string, options: string] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

function resources(
  values: ContainerFlagValues,
  devices: DeviceMapping[],
  requests: DeviceRequest[],
): Resources {
  return {
    CpuShares: values["cpu-shares"],
    Memory: values.memory,
    NanoCpus: values.cpus,
    CgroupParent: values["cgroup-parent"],
    BlkioWeight: values["blkio-weight"],
    BlkioWeightDevice: [...values["blkio-weight-device"]],
    BlkioDeviceReadBps: [...values["device-read-bps"]],
    BlkioDeviceWriteBps: [...values["device-write-bps"]],
    BlkioDeviceReadIOps: [...values["device-read-iops"]],
    BlkioDeviceWriteIOps: [...values["device-write-iops"]],
    CpuPeriod: values["cpu-period"],
    CpuQuota: values["cpu-quota"],
    CpuRealtimePeriod: values["cpu-rt-period"],
    CpuRealtimeRuntime: values["cpu-rt-runtime"],
    CpusetCpus: values["cpuset-cpus"],
    CpusetMems: values["cpuset-mems"],
    Devices: devices,
    DeviceCgroupRules: orNull(values["device-cgroup-rule"]),
    DeviceRequests: orNull(requests),
    MemoryReservation: values["memory-reservation"],
    MemorySwap: values["memory-swap"],
    MemorySwappiness: values["memory-swappiness"],
    OomKillDisable: values["oom-kill-disable"],
    PidsLimit: values["pids-limit"],
    Ulimits: [...values.ulimit].sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    CpuCount: values["cpu-count"],
    CpuPercent: values["cpu-percent"],
    IOMaximumIOps: values["io-maxiops"],
    IOMaximumBandwidth: values["io-maxbandwidth"],
  };
}
