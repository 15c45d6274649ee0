import type { SystemInfo } from "../../../spec/index.ts";
import { binarySize } from "../../format/human-size.ts";

/** The server's part of `info`, without its heading. */
export function serverInfoText(info: SystemInfo): string {
  const lines = [
    `Containers: ${info.Containers}`,
    ` Running: ${info.ContainersRunning}`,
    ` Paused: ${info.ContainersPaused}`,
    ` Stopped: ${info.ContainersStopped}`,
    `Images: ${info.Images}`,
    `Server Version: ${info.ServerVersion}`,
    `Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => ` ${name}: ${value}`),
    `Logging Driver: ${info.LoggingDriver}`,
    `Cgroup Driver: ${info.CgroupDriver}`,
    `Cgroup Version: ${info.CgroupVersion}`,
    ...pluginLines(info),
    `Swarm: ${info.Swarm?.LocalNodeState ?? "inactive"}`,
    ...runtimeLines(info),
    ...securityLines(info),
    ...machineLines(info),
    ...debugLines(info),
    ...proxyLines(info),
    ...((info.Labels ?? []).length === 0 ? [] : ["Labels:", ...indent(info.Labels)]),
    `Experimental: ${info.ExperimentalBuild}`,
    ...registryLines(info),
    `Live Restore Enabled: ${info.LiveRestoreEnabled}`,
    ...poolLines(info),
  ];
  return lines.map((line) => ` ${line}\n`).join("");
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => ` ${line}`);

function pluginLines({ Plugins }: SystemInfo): string[] {
  const list = (names: readonly string[] | null | undefined): string => (names ?? []).join(" ");
  return [
    "Plugins:",
    ` Volume: ${list(Plugins.Volume)}`,
    ` Network: ${list(Plugins.Network)}`,
    ...((Plugins.Authorization ?? []).length === 0
      ? []
      : [` Authorization: ${list(Plugins.Authorization)}`]),
    ` Log: ${list(Plugins.Log)}`,
  ];
}

function runtimeLines(info: SystemInfo): string[] {
  return [
    `Runtimes: ${Object.keys(info.Runtimes ?? {}).join(" ")}`,
    `Default Runtime: ${info.DefaultRuntime}`,
    `Init Binary: ${info.InitBinary}`,
    `containerd version: ${info.ContainerdCommit?.ID ?? ""}`,
    `runc version: ${info.RuncCommit?.ID ?? ""}`,
    `init version: ${info.InitCommit?.ID ?? ""}`,
  ];
}

/** `name=seccomp,profile=default` as a heading and its settings. */
function securityLines({ SecurityOptions }: SystemInfo): string[] {
  if ((SecurityOptions ?? []).length === 0) return [];
  const lines = SecurityOptions.flatMap((option) => {
    const fields = option.split(",").map((field) => field.split("="));
    const name = fields.find(([key]) => key === "name")?.[1] ?? option;
    const settings = fields.filter(([key]) => key !== "name");
    return [` ${name}`, ...settings.map(([key = "", value = ""]) => `  ${capital(key)}: ${value}`)];
  });
  return ["Security Options:", ...lines];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function machineLines(info: SystemInfo): string[] {
  return [
    `Kernel Version: ${info.KernelVersion}`,
    `Operating System: ${info.OperatingSystem}`,
    `OSType: ${info.OSType}`,
    `Architecture: ${info.Architecture}`,
    `CPUs: ${info.NCPU}`,
    `Total Memory: ${binarySize(info.MemTotal)}`,
    `Name: ${info.Name}`,
    `ID: ${info.ID}`,
    `Docker Root Dir: ${info.DockerRootDir}`,
    `Debug Mode: ${info.Debug}`,
  ];
}

function debugLines(info: SystemInfo): string[] {
  if (!info.Debug) return [];
  return [
    ` File Descriptors: ${info.NFd}`,
    ` Goroutines: ${info.NGoroutines}`,
    ` System Time: ${info.SystemTime}`,
    ` EventsListeners: ${info.NEventsListener}`,
  ];
}

function proxyLines({ HttpProxy, HttpsProxy, NoProxy }: SystemInfo): string[] {
  const proxies = { "HTTP Proxy": HttpProxy, "HTTPS Proxy": HttpsProxy, "No Proxy": NoProxy };
  return Object.entries(proxies)
    .filter(([, value]) => (value ?? "") !== "")
    .map(([name, value]) => `${name}: ${value}`);
}

function registryLines({ RegistryConfig }: SystemInfo): string[] {
  if (RegistryConfig === undefined || RegistryConfig === null) return [];
  const { IndexConfigs, InsecureRegistryCIDRs, Mirrors } = RegistryConfig;
  const hosts = Object.values(IndexConfigs ?? {})
    .filter(({ Secure }) => !Secure)
    .map(({ Name }) => Name);
  const insecure = [...hosts, ...(InsecureRegistryCIDRs ?? [])];
  return [
    ...(insecure.length === 0 ? [] : ["Insecure Registries:", ...indent(insecure)]),
    ...((Mirrors ?? []).length === 0 ? [] : ["Registry Mirrors:", ...indent(Mirrors)]),
  ];
}

function poolLines({ DefaultAddressPools }: SystemInfo): string[] {
  const pools = DefaultAddressPools ?? [];
  if (pools.length === 0) return [];
  return [
    "Default Address Pools:",
    ...pools.map(({ Base, Size }) => `  Base: ${Base}, Size: ${Size}`),
  ];
}
