import { readFileSync, writeFileSync } from "node:fs";
import { hostname as hostName } from "node:os";
import { join } from "node:path";
import type { NetworkSettings } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import type { ContainerFiles } from "./mounts/resolve-mounts.ts";

/** Used when the host has no resolver that a container could reach, as Docker does. */
const FALLBACK_SERVERS = ["8.8.8.8", "8.8.4.4"];
/** systemd-resolved's list of real servers; its stub listens on the host's loopback only. */
const RESOLVED_SERVERS = "/run/systemd/resolve/resolv.conf";

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
    writeFileSync(paths.resolvConf, resolvConf(context, container));
  }
  return {
    "/etc/hosts": paths.hosts,
    "/etc/hostname": paths.hostname,
    "/etc/resolv.conf": paths.resolvConf,
  };
}

/** The reference behind `container:`, where a container shares another one's network. */
export function sharedNetworkOf(networkMode: string): string | undefined {
  return networkMode.startsWith("container:") ? networkMode.slice("container:".length) : undefined;
}

/** The host's name for `host`, else the container's short id. */
export function defaultHostname(id: string, networkMode: string, utsMode: string): string {
  return networkMode === "host" || utsMode === "host" ? hostName() : id.slice(0, 12);
}

function hostsFile(
  context: Pick<EngineContext, "config" | "containers">,
  container: Container,
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

/** `--link other:alias` on the default bridge: the other's names for its address of this moment. */
function linkHosts(context: Pick<EngineContext, "containers">, container: Container): string[] {
  return (container.record.hostConfig.Links ?? []).flatMap((link) => {
    const [ref = "", alias = ref] = link.split(":");
    const other = context.containers.find(ref);
    const networks = Object.values(other?.record.network.Networks ?? {});
    const address = networks.find((endpoint) => endpoint.IPAddress !== "")?.IPAddress;
    if (other === undefined || address === undefined) return [];
    return [`${address}\t${alias} ${other.record.config.Hostname} ${other.name}`];
  });
}

function resolvConf(context: Pick<EngineContext, "config">, container: Container): string {
  const { hostConfig } = container.record;
  const { config } = context;
  const choose = (own: readonly string[] | null, daemon: readonly string[]) =>
    own !== null && own.length > 0 ? own : daemon;
  const dns = choose(hostConfig.Dns, config.dns);
  const search = choose(hostConfig.DnsSearch, config.dnsSearch);
  const options = choose(hostConfig.DnsOptions, config.dnsOptions);
  const isHost = hostConfig.NetworkMode === "host";
  if (isHost && dns.length + search.length + options.length === 0) {
    return readHostFile("/etc/resolv.conf");
  }
  const host = parseResolvConf(readHostFile("/etc/resolv.conf"));
  const servers = dns.length > 0 ? dns : reachableServers(host.servers, isHost);
  const domains = search.length > 0 ? search.filter((domain) => domain !== ".") : host.search;
  const settings = options.length > 0 ? options : host.options;
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(domains.length === 0 ? [] : [`search ${domains.join(" ")}`]),
    ...(settings.length === 0 ? [] : [`options ${settings.join(" ")}`]),
    "",
  ].join("\n");
}

function reachableServers(servers: readonly string[], isHost: boolean): readonly string[] {
  if (isHost) return servers;
  const outside = (list: readonly string[]) =>
    list.filter((server) => !/^(127\.|::1$|0:0:0:0:0:0:0:1$)/.test(server));
  const direct = outside(servers);
  if (direct.length > 0) return direct;
  const behindStub = servers.includes("127.0.0.53")
    ? outside(parseResolvConf(readHostFile(RESOLVED_SERVERS)).servers)
    : [];
  return behindStub.length > 0 ? behindStub : FALLBACK_SERVERS;
}

/** resolv.conf(5): the last `search` or `domain` counts, options add up. */
export function parseResolvConf(text: string): {
  servers: string[];
  search: string[];
  options: string[];
} {
  const parsed = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) parsed.servers.push(values[0]);
    else if (keyword === "search" || keyword === "domain") parsed.search = values;
    else if (keyword === "options") parsed.options.push(...values);
  }
  return parsed;
}

function readHostFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A host without the file has nothing to hand on.
    return "";
  }
}
