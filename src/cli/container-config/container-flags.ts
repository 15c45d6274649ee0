import type {
  DeviceRequest,
  Mount,
  ThrottleDevice,
  Ulimit,
  WeightDevice,
} from "../../spec/index.ts";
import type { Flag } from "../flags/flag.ts";
import {
  bool,
  bytes,
  custom,
  decimal,
  duration,
  int,
  list,
  map,
  string,
  uint,
  uint16,
} from "../flags/flag-kinds.ts";
import {
  parseByteRate,
  parseDeviceWeight,
  parseGpuRequest,
  parseOperationRate,
  validateDeviceCgroupRule,
} from "./devices.ts";
import { validateLabel, validateVariable } from "./environment.ts";
import { parseMount } from "./mount.ts";
import {
  validateAddress,
  validateExtraHost,
  validateLink,
  validateSearchDomain,
  validateStream,
} from "./names.ts";
import { type NetworkAttachment, parseNetworkAttachment } from "./network-attachment.ts";
import { validateSysctl } from "./security.ts";
import { parseUlimit } from "./ulimit.ts";

const NO_GPUS: readonly DeviceRequest[] = [];
const NO_MOUNTS: readonly Mount[] = [];
const NO_NETWORKS: readonly NetworkAttachment[] = [];
const NO_ULIMITS: readonly Ulimit[] = [];

function devices<T extends ThrottleDevice | WeightDevice>(
  usage: string,
  parse: (text: string) => T,
): Flag<readonly T[]> {
  const none: readonly T[] = [];
  return custom("list", usage, none, (text, all) => [...all, parse(text)], { shown: "[]" });
}

/** The flags that describe a container: all of `create`'s, and of `run`'s but those of its session. */
export const containerFlags = {
  "add-host": list("Add a custom host-to-IP mapping (host:ip)", { validate: validateExtraHost }),
  annotation: map("Add an annotation to the container (passed through to the OCI runtime)", {
    shown: "map[]",
  }),
  attach: list("Attach to STDIN, STDOUT or STDERR", { short: "a", validate: validateStream }),
  "blkio-weight": uint16("Block IO (relative weight), between 10 and 1000, or 0 to disable", {
    initial: 0,
  }),
  "blkio-weight-device": devices("Block IO weight (relative device weight)", parseDeviceWeight),
  "cap-add": list("Add Linux capabilities"),
  "cap-drop": list("Drop Linux capabilities"),
  "cgroup-parent": string("Optional parent cgroup for the container"),
  cgroupns: string(
    "Cgroup namespace to use (host|private)\n'host':    Run the container in the Docker host's cgroup namespace\n'private': Run the container in its own private cgroup namespace\n'':        Use the cgroup namespace as configured by the\n           default-cgroupns-mode option on the daemon (default)",
  ),
  cidfile: string("Write the container ID to the file"),
  "cpu-count": int("CPU count (Windows only)"),
  "cpu-percent": int("CPU percent (Windows only)"),
  "cpu-period": int("Limit CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": int("Limit CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-rt-period": int("Limit CPU real-time period in microseconds"),
  "cpu-rt-runtime": int("Limit CPU real-time runtime in microseconds"),
  "cpu-shares": int("CPU shares (relative weight)", { short: "c" }),
  cpus: decimal("Number of CPUs"),
  "cpuset-cpus": string("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": string("MEMs in which to allow execution (0-3, 0,1)"),
  device: list("Add a host device to the container"),
  "device-cgroup-rule": list("Add a rule to the cgroup allowed devices list", {
    validate: validateDeviceCgroupRule,
  }),
  "device-read-bps": devices("Limit read rate (bytes per second) from a device", parseByteRate),
  "device-read-iops": devices("Limit read rate (IO per second) from a device", parseOperationRate),
  "device-write-bps": devices("Limit write rate (bytes per second) to a device", parseByteRate),
  "device-write-iops": devices("Limit write rate (IO per second) to a device", parseOperationRate),
  "disable-content-trust": bool("Skip image verification", { initial: true }),
  dns: list("Set custom DNS servers", { validate: validateAddress }),
  "dns-option": list("Set DNS options", { otherNames: ["dns-opt"] }),
  "dns-search": list("Set custom DNS search domains", { validate: validateSearchDomain }),
  domainname: string("Container NIS domain name"),
  entrypoint: string("Overwrite the default ENTRYPOINT of the image"),
  env: list("Set environment variables", {
    short: "e",
    validate: (text) => validateVariable(text),
  }),
  "env-file": list("Read in a file of environment variables"),
  expose: list("Expose a port or a range of ports"),
  gpus: custom(
    "gpu-request",
    "GPU devices to add to the container ('all' to pass all GPUs)",
    NO_GPUS,
    (text, all) => [...all, parseGpuRequest(text)],
  ),
  "group-add": list("Add additional groups to join"),
  "health-cmd": string("Command to run to check health"),
  "health-interval": duration("Time between running the check (ms|s|m|h)", { shown: "0s" }),
  "health-retries": int("Consecutive failures needed to report unhealthy"),
  "health-start-interval": duration(
    "Time between running the check during the start period (ms|s|m|h)",
    { shown: "0s" },
  ),
  "health-start-period": duration(
    "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)",
    { shown: "0s" },
  ),
  "health-timeout": duration("Maximum time to allow one check to run (ms|s|m|h)", { shown: "0s" }),
  help: bool("Print usage"),
  hostname: string("Container host name", { short: "h" }),
  init: bool("Run an init inside the container that forwards signals and reaps processes"),
  interactive: bool("Keep STDIN open even if not attached", { short: "i" }),
  "io-maxbandwidth": bytes("Maximum IO bandwidth limit for the system drive (Windows only)"),
  "io-maxiops": uint("Maximum IOps limit for the system drive (Windows only)"),
  ip: string("IPv4 address (e.g., 172.30.100.104)"),
  ip6: string("IPv6 address (e.g., 2001:db8::33)"),
  ipc: string("IPC mode to use"),
  isolation: string("Container isolation technology"),
  "kernel-memory": bytes("Kernel memory limit"),
  label: list("Set meta data on a container", { short: "l", validate: validateLabel }),
  "label-file": list("Read in a line delimited file of labels"),
  link: list("Add link to another container", { validate: validateLink }),
  "link-local-ip": list("Container IPv4/IPv6 link-local addresses"),
  "log-driver": string("Logging driver for the container"),
  "log-opt": list("Log driver options"),
  "mac-address": string("Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
  memory: bytes("Memory limit", { short: "m" }),
  "memory-reservation": bytes("Memory soft limit"),
  "memory-swap": bytes("Swap limit equal to memory plus swap: '-1' to enable unlimited swap", {
    unlimited: true,
  }),
  "memory-swappiness": int("Tune container memory swappiness (0 to 100)", { initial: -1 }),
  mount: custom("mount", "Attach a filesystem mount to the container", NO_MOUNTS, (text, all) => [
    ...all,
    parseMount(text),
  ]),
  name: string("Assign a name to the container"),
  network: custom(
    "network",
    "Connect a container to a network",
    NO_NETWORKS,
    (text, all) => [...all, parseNetworkAttachment(text)],
    { otherNames: ["net"] },
  ),
  "network-alias": list("Add network-scoped alias for the container", {
    otherNames: ["net-alias"],
  }),
  "no-healthcheck": bool("Disable any container-specified HEALTHCHECK"),
  "oom-kill-disable": bool("Disable OOM Killer"),
  "oom-score-adj": int("Tune host's OOM preferences (-1000 to 1000)"),
  pid: string("PID namespace to use"),
  "pids-limit": int("Tune container pids limit (set -1 for unlimited)"),
  platform: string("Set platform if server is multi-platform capable"),
  privileged: bool("Give extended privileges to this container"),
  publish: list("Publish a container's port(s) to the host", { short: "p" }),
  "publish-all": bool("Publish all exposed ports to random ports", { short: "P" }),
  pull: string('Pull image before creating ("always", "|missing", "never")', {
    initial: "missing",
  }),
  quiet: bool("Suppress the pull output", { short: "q" }),
  "read-only": bool("Mount the container's root filesystem as read only"),
  restart: string("Restart policy to apply when a container exits", { initial: "no" }),
  rm: bool("Automatically remove the container and its associated anonymous volumes when it exits"),
  runtime: string("Runtime to use for this container"),
  "security-opt": list("Security Options"),
  "shm-size": bytes("Size of /dev/shm"),
  "stop-signal": string("Signal to stop the container"),
  "stop-timeout": int("Timeout (in seconds) to stop a container"),
  "storage-opt": list("Storage driver options for the container"),
  sysctl: map("Sysctl options", { shown: "map[]", validate: validateSysctl }),
  tmpfs: list("Mount a tmpfs directory"),
  tty: bool("Allocate a pseudo-TTY", { short: "t" }),
  ulimit: custom(
    "ulimit",
    "Ulimit options",
    NO_ULIMITS,
    (text, all) => [
      ...all.filter((each) => each.Name !== parseUlimit(text).Name),
      parseUlimit(text),
    ],
    { shown: "[]" },
  ),
  "use-api-socket": bool("Bind mount Docker API socket and required auth"),
  user: string("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
  userns: string("User namespace to use"),
  uts: string("UTS namespace to use"),
  volume: list("Bind mount a volume", { short: "v" }),
  "volume-driver": string("Optional volume driver for the container"),
  "volumes-from": list("Mount volumes from the specified container(s)"),
  workdir: string("Working directory inside the container", { short: "w" }),
};
