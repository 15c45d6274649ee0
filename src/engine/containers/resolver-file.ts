import { readFileSync } from "node:fs";
import { isPredefined, type UpstreamSettings } from "../../network/index.ts";
import type { NetworkSettings } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { DescribedContainer } from "./container-record.ts";

/** Used when the host has no resolver that a container could reach, as Docker does. */
const FALLBACK_SERVERS = ["8.8.8.8", "8.8.4.4"];
/** systemd-resolved's list of real servers; its stub listens on the host's loopback only. */
const RESOLVED_SERVERS = "/run/systemd/resolve/resolv.conf";
/** Where the names of a user-defined network are answered. */
const NAME_SERVER = "127.0.0.11";

type Context = Pick<EngineContext, "config">;

interface ResolverWishes {
  /** Empty: the host's. */
  servers: readonly string[];
  search: readonly string[];
  options: readonly string[];
}

/** `--dns`, `--dns-search`, `--dns-opt`: the container's own, else the daemon's. */
function wishesOf({ config }: Context, { record }: DescribedContainer): ResolverWishes {
  const choose = (own: readonly string[] | null, daemon: readonly string[]) =>
    own !== null && own.length > 0 ? own : daemon;
  return {
    servers: choose(record.hostConfig.Dns, config.dns),
    search: choose(record.hostConfig.DnsSearch, config.dnsSearch),
    options: choose(record.hostConfig.DnsOptions, config.dnsOptions),
  };
}

/** Where the name server of a user-defined network sends what it does not know. */
export function upstreamSettings(
  context: Context,
  container: DescribedContainer,
): UpstreamSettings {
  const { servers, options } = wishesOf(context, container);
  const ndots = options.some((option) => option.startsWith("ndots:"));
  if (servers.length > 0) {
    return { servers: servers.map((address) => ({ address, host: false })), ndots };
  }
  const host = parseResolvConf(readHostFile("/etc/resolv.conf")).servers;
  const found = host.length > 0 ? host : FALLBACK_SERVERS;
  // A server on the host's loopback exists in the host's namespace only.
  return { servers: found.map((address) => ({ address, host: isLoopback(address) })), ndots };
}

/** resolv.conf(5) of a container in the networks of `settings`. */
export function resolvConf(
  context: Context,
  container: DescribedContainer,
  settings: NetworkSettings,
): string {
  const wishes = wishesOf(context, container);
  const { servers: dns, search, options } = wishes;
  const isHost = container.record.hostConfig.NetworkMode === "host";
  if (isHost && dns.length + search.length + options.length === 0) {
    return readHostFile("/etc/resolv.conf");
  }
  const host = parseResolvConf(readHostFile("/etc/resolv.conf"));
  const named = Object.keys(settings.Networks).some((name) => !isPredefined(name));
  const outer = dns.length > 0 ? dns : reachableServers(host.servers, isHost);
  const domains = search.length > 0 ? search.filter((domain) => domain !== ".") : host.search;
  const chosen = options.length > 0 ? options : host.options;
  const dotted = chosen.some((option) => option.startsWith("ndots:"));
  const lines = [
    ...(named ? [NAME_SERVER] : outer).map((server) => `nameserver ${server}`),
    ...(domains.length === 0 ? [] : [`search ${domains.join(" ")}`]),
  ];
  // A name of one label is tried as it is before anything is put behind it.
  const all = named && !dotted ? [...chosen, "ndots:0"] : chosen;
  if (all.length > 0) lines.push(`options ${all.join(" ")}`);
  return `${lines.join("\n")}\n`;
}

const isLoopback = (server: string): boolean => /^(127\.|::1$|0:0:0:0:0:0:0:1$)/.test(server);

function reachableServers(servers: readonly string[], isHost: boolean): readonly string[] {
  if (isHost) return servers;
  const outside = (list: readonly string[]) => list.filter((server) => !isLoopback(server));
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

/** Empty where the host has no such file. */
export function readHostFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A host without the file has nothing to hand on.
    return "";
  }
}
