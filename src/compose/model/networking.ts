import type { EndpointSettings, NetworkingConfig, PortMap, PortSet } from "../../spec/index.ts";
import type { Project, Service, ServiceNetwork } from "../file/project.ts";
import { containerName } from "./names.ts";

export interface ServiceNetworking {
  mode: string;
  config?: NetworkingConfig;
  exposed: PortSet;
  bindings: PortMap;
}

export interface NetworkingOptions {
  number: number;
  /** One-off containers are not found by the service's name unless asked for. */
  useAliases: boolean;
  links: string[];
  /** `service:NAME` → the id of its container. */
  containerOf(service: string): string | undefined;
}

/** The networks that a container joins, the one of the highest priority first, and its ports. */
export function serviceNetworking(
  project: Project,
  name: string,
  service: Service,
  options: NetworkingOptions,
): ServiceNetworking {
  const ports = servicePorts(service);
  if (service.network_mode !== undefined) {
    return { mode: sharedNamespace(service.network_mode, options), ...ports };
  }
  const joined = Object.entries(service.networks ?? {}).sort(byPriority);
  const [first] = joined;
  if (first === undefined) return { mode: "none", ...ports };
  const nameOf = (key: string) => project.networks?.[key]?.name ?? key;
  const endpoints = joined.map(([key, settings], index) => [
    nameOf(key),
    endpoint(
      project,
      name,
      service,
      settings,
      options,
      index === 0 ? service.mac_address : undefined,
    ),
  ]);
  return {
    mode: nameOf(first[0]),
    config: { EndpointsConfig: Object.fromEntries(endpoints) },
    ...ports,
  };
}

/** `service:NAME` is a container's namespace; other modes are the engine's own. */
export function sharedNamespace(
  mode: string,
  { containerOf }: Pick<NetworkingOptions, "containerOf">,
): string {
  if (!mode.startsWith("service:")) return mode;
  const id = containerOf(mode.slice("service:".length));
  if (id === undefined)
    throw new Error(`cannot share a namespace with ${mode}: it has no container`);
  return `container:${id}`;
}

const byPriority = (
  [a, left]: [string, ServiceNetwork | null],
  [b, right]: [string, ServiceNetwork | null],
): number => (right?.priority ?? 0) - (left?.priority ?? 0) || (a < b ? -1 : 1);

function endpoint(
  project: Project,
  name: string,
  service: Service,
  settings: ServiceNetwork | null,
  { number, useAliases, links }: NetworkingOptions,
  mac: string | undefined,
): Partial<EndpointSettings> {
  const own = containerName(project.name, name, service, number);
  const aliases = useAliases ? [own, name, ...(settings?.aliases ?? [])] : [own];
  const { ipv4_address: v4, ipv6_address: v6, link_local_ips: local } = settings ?? {};
  const address = settings?.mac_address ?? mac;
  const options = {
    ...settings?.driver_opts,
    ...(settings?.interface_name === undefined
      ? {}
      : { "com.docker.network.endpoint.ifname": settings.interface_name }),
  };
  return {
    Aliases: aliases,
    Links: links.length === 0 ? null : links,
    IPAMConfig:
      v4 === undefined && v6 === undefined && local === undefined
        ? null
        : {
            ...(v4 === undefined ? {} : { IPv4Address: v4 }),
            ...(v6 === undefined ? {} : { IPv6Address: v6 }),
            ...(local === undefined ? {} : { LinkLocalIPs: local }),
          },
    ...(address === undefined ? {} : { MacAddress: address }),
    ...(Object.keys(options).length === 0 ? {} : { DriverOpts: options }),
    ...(settings?.gw_priority === undefined ? {} : { GwPriority: settings.gw_priority }),
  };
}

function servicePorts({ ports = [], expose = [] }: Service): {
  exposed: PortSet;
  bindings: PortMap;
} {
  const exposed: PortSet = {};
  const bindings: PortMap = {};
  for (const port of expose) {
    const [range = "", protocol = "tcp"] = port.split("/");
    const [start = 0, end = start] = range.split("-").map(Number);
    for (let number = start; number <= end; number++) exposed[`${number}/${protocol}`] = {};
  }
  for (const { target, protocol, host_ip = "", published = "" } of ports) {
    const key = `${target}/${protocol}`;
    exposed[key] = {};
    bindings[key] = [...(bindings[key] ?? []), { HostIp: host_ip, HostPort: published }];
  }
  return { exposed, bindings };
}
