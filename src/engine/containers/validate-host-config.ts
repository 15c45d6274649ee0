import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import {
  checkUlimit,
  normalizeCapabilities,
  parseDeviceRule,
  parseSecurityOptions,
  type RuntimeHost,
} from "../../runtime/index.ts";
import { parseByteSize } from "../../spec/byte-size.ts";
import {
  type ContainerConfig,
  errorMessage,
  type HostConfig,
  invalidArgument,
} from "../../spec/index.ts";
import type { CompleteCreateRequest } from "./complete-create-request.ts";
import { parseContainerName } from "./names.ts";
import { checkNetworkConflicts } from "./network-conflicts.ts";
import { parseSignal } from "./signals.ts";
import { validateResources } from "./validate-resources.ts";

export { type CompleteCreateRequest, completeCreateRequest } from "./complete-create-request.ts";
export { validateResources } from "./validate-resources.ts";

/** Nanoseconds; shorter intervals of a health check would only burn processor time. */
const SHORTEST = 1_000_000;

function checkHealthcheck(config: ContainerConfig): void {
  const check = config.Healthcheck;
  if (check === undefined) return;
  for (const key of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = check[key] ?? 0;
    if (value !== 0 && value < SHORTEST) {
      throw invalidArgument(`${key} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((check.Retries ?? 0) < 0) throw invalidArgument("Retries in Healthcheck cannot be negative");
}

/** The part that moves from host to host. */
function checkConfig(config: ContainerConfig): void {
  if (config.WorkingDir !== "" && !config.WorkingDir.startsWith("/")) {
    throw invalidArgument(
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const variable of config.Env ?? []) {
    if (variable === "" || variable.startsWith("=")) {
      throw invalidArgument(`invalid environment variable: ${variable}`);
    }
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  checkHealthcheck(config);
}

/** `container:<name|id>` or one of the words. */
function isMode(mode: string, words: readonly string[], container: boolean): boolean {
  if (words.includes(mode)) return true;
  return container && mode.startsWith("container:") && mode.length > "container:".length;
}

function checkModes(hostConfig: HostConfig): void {
  const { IpcMode, PidMode, UTSMode, UsernsMode, CgroupnsMode, Isolation } = hostConfig;
  if (!isMode(IpcMode, ["", "none", "host", "private", "shareable"], true)) {
    throw invalidArgument(`invalid IPC mode: ${IpcMode}`);
  }
  if (!isMode(PidMode, ["", "host"], true)) throw invalidArgument(`invalid PID mode: ${PidMode}`);
  if (!isMode(UTSMode, ["", "host"], false)) throw invalidArgument(`invalid UTS mode: ${UTSMode}`);
  if (!isMode(UsernsMode, ["", "host"], false)) {
    throw invalidArgument(`invalid user namespace mode: ${UsernsMode}`);
  }
  if (!isMode(CgroupnsMode, ["", "host", "private"], false)) {
    throw invalidArgument(`invalid cgroup namespace mode: ${CgroupnsMode}`);
  }
  if (!isMode(Isolation.toLowerCase(), ["", "default"], false)) {
    throw invalidArgument(`invalid isolation (${Isolation}): linux only supports 'default'`);
  }
}

function checkExtraHosts(hosts: readonly string[]): void {
  for (const entry of hosts) {
    const separator = /[=:]/.exec(entry)?.index ?? -1;
    if (separator <= 0) throw invalidArgument(`bad format for add-host: "${entry}"`);
    const address = entry.slice(separator + 1).replace(/^\[(.*)\]$/, "$1");
    if (address !== "host-gateway" && isIP(address.replace(/%.*$/, "")) === 0) {
      throw invalidArgument(`invalid IP address in add-host: "${address}"`);
    }
  }
}

function isPort(text: string, range: boolean): boolean {
  const parts = text.split("-");
  if (parts.length > (range ? 2 : 1)) return false;
  const [first = 0, last = first] = parts.map((part) =>
    /^\d{1,5}$/.test(part) ? Number(part) : Number.NaN,
  );
  return first <= last && last <= 65535;
}

function checkPorts(hostConfig: HostConfig): void {
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    const [number = "", protocol = "tcp"] = port.split("/");
    if (!isPort(number, false) || Number(number) === 0) {
      throw invalidArgument(`invalid port specification: "${port}"`);
    }
    if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) {
      throw invalidArgument(`invalid port specification: "${port}"`);
    }
    for (const { HostPort } of bindings ?? []) {
      if (HostPort !== "" && !isPort(HostPort, true)) {
        throw invalidArgument(`invalid port specification: "${HostPort}"`);
      }
    }
  }
}

function withPrefix(prefix: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw invalidArgument(`${prefix}: ${errorMessage(error)}`, error);
  }
}

function checkSecurity(hostConfig: HostConfig): void {
  withPrefix("invalid CapAdd", () => normalizeCapabilities(hostConfig.CapAdd ?? []));
  withPrefix("invalid CapDrop", () => normalizeCapabilities(hostConfig.CapDrop ?? []));
  parseSecurityOptions(hostConfig);
  for (const limit of hostConfig.Ulimits ?? []) checkUlimit(limit);
  for (const rule of hostConfig.DeviceCgroupRules ?? []) parseDeviceRule(rule);
}

function checkNumbers(hostConfig: HostConfig): void {
  const { ShmSize, OomScoreAdj } = hostConfig;
  if (ShmSize < 0) throw invalidArgument("SHM size can not be less than 0");
  if (OomScoreAdj < -1000 || OomScoreAdj > 1000) {
    throw invalidArgument(`Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
}

function checkCgroupParent(hostConfig: HostConfig, host: RuntimeHost): void {
  const parent = hostConfig.CgroupParent;
  if (parent === "" || host.cgroupDriver !== "systemd") return;
  if (parent.length <= ".slice".length || !parent.endsWith(".slice")) {
    throw invalidArgument(
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
    );
  }
}

function forwardingDisabled(): boolean {
  try {
    return readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8").trim() === "0";
  } catch {
    return false;
  }
}

function networkWarnings(hostConfig: HostConfig): string[] {
  const { NetworkMode } = hostConfig;
  const warnings: string[] = [];
  if (NetworkMode !== "host" && NetworkMode !== "none" && forwardingDisabled()) {
    warnings.push("IPv4 forwarding is disabled. Networking will not work.");
  }
  if (NetworkMode === "host" && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    warnings.push("Published ports are discarded when using host network mode");
  }
  return warnings;
}

/** What a container may write, bytes; 0: as much as there is. `invalid-argument`. */
export function storageSize(hostConfig: Pick<HostConfig, "StorageOpt">): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(hostConfig.StorageOpt ?? {})) {
    if (key.toLowerCase() !== "size") throw invalidArgument(`Unknown option ${key}`);
    try {
      bytes = parseByteSize(value);
    } catch (error) {
      throw invalidArgument(`invalid size: '${value}'`, error);
    }
  }
  return bytes;
}

/**
 * Checks a container's configuration before anything is made, with Docker's messages
 * (`invalid-argument`). What the kernel cannot do and Docker lets pass is taken out of `hostConfig` and
 * returned as warnings. Restart policy, log driver, mounts and references to other containers are checked by
 * what works with them.
 */
export function validateCreate(
  name: string | undefined,
  request: CompleteCreateRequest,
  host: RuntimeHost,
): string[] {
  const { config, hostConfig } = request;
  if (name !== undefined && name !== "") parseContainerName(name);
  checkNetworkConflicts(config, hostConfig);
  checkConfig(config);
  checkModes(hostConfig);
  checkExtraHosts(hostConfig.ExtraHosts ?? []);
  checkPorts(hostConfig);
  checkSecurity(hostConfig);
  checkNumbers(hostConfig);
  storageSize(hostConfig);
  const warnings = validateResources(hostConfig, host);
  checkCgroupParent(hostConfig, host);
  if (hostConfig.CgroupnsMode === "private" && !host.limits.cgroupNamespaces) {
    hostConfig.CgroupnsMode = "host";
    warnings.push(
      "Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.",
    );
  }
  return [...warnings, ...networkWarnings(hostConfig)];
}
