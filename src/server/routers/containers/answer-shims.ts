import type {
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  EndpointSettings,
} from "../../../spec/index.ts";
import { omit, omitEmpty, type VersionShim } from "../../version-shims.ts";

/** What the default bridge had of its own, beside the other networks, up to 1.51. */
const OF_DEFAULT_BRIDGE = new Set([
  "Bridge",
  "HairpinMode",
  "LinkLocalIPv6Address",
  "LinkLocalIPv6PrefixLen",
  "SecondaryIPAddresses",
  "SecondaryIPv6Addresses",
  "EndpointID",
  "Gateway",
  "GlobalIPv6Address",
  "GlobalIPv6PrefixLen",
  "IPAddress",
  "IPPrefixLen",
  "IPv6Gateway",
  "MacAddress",
]);
const ON_BUILD = new Set(["OnBuild"]);
const KERNEL_MEMORY = new Set(["KernelMemoryTCP"]);

export const INSPECT_SHIMS: readonly VersionShim<ContainerInspect>[] = [
  {
    since: 52,
    apply: (container) => ({
      ...container,
      Config: omitEmpty(container.Config, ON_BUILD),
      HostConfig: omit(container.HostConfig, KERNEL_MEMORY),
      NetworkSettings: omit(container.NetworkSettings, OF_DEFAULT_BRIDGE),
    }),
  },
  { below: 48, apply: (container) => omit(container, new Set(["ImageManifestDescriptor"])) },
  { below: 45, apply: withIdAmongAliases },
];

export const SUMMARY_SHIMS: readonly VersionShim<ContainerSummary>[] = [
  { below: 52, apply: (container) => omit(container, new Set(["Health"])) },
  {
    below: 46,
    apply: (container) => ({
      ...container,
      HostConfig: { NetworkMode: container.HostConfig.NetworkMode },
    }),
  },
];

export const STATS_SHIMS: readonly VersionShim<ContainerStats>[] = [
  { below: 52, apply: (stats) => omit(stats, new Set(["os_type"])) },
];

const PREDEFINED = new Set(["bridge", "default", "host", "none"]);

/** In networks of the user's own the short id was an alias; it has become one of `DNSNames`. */
function withIdAmongAliases(container: ContainerInspect): ContainerInspect {
  const names = [container.Id.slice(0, 12), container.Config.Hostname];
  const shaped = ([name, endpoint]: [string, EndpointSettings]): [string, EndpointSettings] => {
    if (PREDEFINED.has(name)) return [name, endpoint];
    const aliases = [...(endpoint.Aliases ?? []), ...names].filter((alias) => alias !== "");
    return [name, { ...endpoint, Aliases: [...new Set(aliases)] }];
  };
  const { NetworkSettings: settings } = container;
  const networks = Object.fromEntries(Object.entries(settings.Networks).map(shaped));
  return { ...container, NetworkSettings: { ...settings, Networks: networks } };
}
