import { writeFileSync } from "node:fs";
import { hostname as hostName } from "node:os";
import { join } from "node:path";
import type { NetworkSettings } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import type { DescribedContainer } from "./container-record.ts";
import { linksOf } from "./links.ts";
import type { ContainerFiles } from "./mounts/resolve-mounts.ts";
import { readHostFile, resolvConf } from "./resolver-file.ts";

const BASE_HOSTS = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

export function containerFilePaths(directory: string) {
  return {
    hosts: join(directory, "hosts"),
    hostname: join(directory, "hostname"),
    resolvConf: join(directory, "resolv.conf"),
  };
}

/**
 * Writes `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` of a container that is about to start, or
 * gives those of the container whose network it shares.
 */
export function writeContainerFiles(
  context: Pick<EngineContext, "config" | "store" | "containers">,
  container: Container,
  settings: NetworkSettings,
): ContainerFiles {
  const { hostConfig } = container.record;
  const shared = sharedNetworkOf(hostConfig.NetworkMode);
  const owner = shared === undefined ? container.id : context.containers.get(shared).id;
  const paths = containerFilePaths(context.store.snapshots.containerDirectory(owner));
  if (owner === container.id) {
    writeFileSync(paths.hostname, `${container.record.config.Hostname}\n`);
    writeFileSync(paths.hosts, hostsFile(context, container, settings));
    writeFileSync(paths.resolvConf, resolvConf(context, container, settings));
  }
  return {
    "/etc/hosts": paths.hosts,
    "/etc/hostname": paths.hostname,
    "/etc/resolv.conf": paths.resolvConf,
  };
}

/**
 * Brings a running container's files in line with networks that have changed. What somebody has written
 * into them stays.
 */
export function updateContainerFiles(
  context: Pick<EngineContext, "config" | "store" | "containers">,
  container: Container,
  before: NetworkSettings,
  after: NetworkSettings,
): void {
  const paths = containerFilePaths(context.store.snapshots.containerDirectory(container.id));
  const update = (path: string, text: (settings: NetworkSettings) => string): void => {
    // In place: the file is bind-mounted.
    if (readHostFile(path) === text(before)) writeFileSync(path, text(after));
  };
  update(paths.hosts, (settings) => hostsFile(context, container, settings));
  update(paths.resolvConf, (settings) => resolvConf(context, container, settings));
}

/** The reference behind `container:`, where a container shares another one's network. */
export function sharedNetworkOf(networkMode: string): string | undefined {
  return networkMode.startsWith("container:") ? networkMode.slice("container:".length) : undefined;
}

/** The host's name for `host`, else the container's short id. */
export function defaultHostname(id: string, networkMode: string, utsMode: string): string {
  return networkMode === "host" || utsMode === "host" ? hostName() : id.slice(0, 12);
}

/** `/etc/hosts` of a container in the networks of `settings`. */
export function hostsFile(
  context: Pick<EngineContext, "config" | "containers">,
  container: DescribedContainer,
  settings: NetworkSettings,
): string {
  const { config, hostConfig } = container.record;
  const isHost = hostConfig.NetworkMode === "host";
  const lines = isHost ? [readHostFile("/etc/hosts").trimEnd()] : [...BASE_HOSTS];
  for (const entry of hostConfig.ExtraHosts ?? []) {
    // `name:ip`, `name=ip`; an IPv6 address holds colons itself.
    const match = /^([^:=]+)[:=](.+)$/.exec(entry);
    if (match === null) continue;
    const [, name, address = ""] = match;
    lines.push(`${resolveAddress(context, address, settings)}\t${name}`);
  }
  lines.push(...linkHosts(context, container));
  for (const { address, names } of ownNames(config.Hostname, config.Domainname, settings)) {
    lines.push(`${address}\t${names}`);
  }
  return `${lines.join("\n")}\n`;
}

function ownNames(hostname: string, domain: string, settings: NetworkSettings) {
  const names = domain === "" ? hostname : `${hostname}.${domain} ${hostname}`;
  return Object.values(settings.Networks)
    .flatMap((endpoint) => [endpoint.IPAddress, endpoint.GlobalIPv6Address])
    .filter((address) => address !== "")
    .map((address) => ({ address, names }));
}

function resolveAddress(
  context: Pick<EngineContext, "config">,
  address: string,
  settings: NetworkSettings,
): string {
  if (address !== "host-gateway") return address.replace(/^\[(.*)\]$/, "$1");
  const gateway = Object.values(settings.Networks).find((endpoint) => endpoint.Gateway !== "");
  return context.config.hostGatewayIp ?? gateway?.Gateway ?? "127.0.0.1";
}

/** Names of linked containers for their addresses of this moment. */
function linkHosts(
  context: Pick<EngineContext, "containers">,
  container: DescribedContainer,
): string[] {
  return linksOf(context, container).flatMap(({ alias, other, address }) => {
    if (address === undefined) return [];
    return [`${address}\t${alias} ${other.record.config.Hostname} ${other.name}`];
  });
}
