import {
  EngineError,
  type IpamPool,
  invalidArgument,
  type NetworkCreateRequest,
  type NetworkId,
  notFound,
  randomId,
  shortId,
} from "../spec/index.ts";
import { checkChildOptions, chooseParent, isChildDriver } from "./child-links.ts";
import { isPredefined } from "./endpoint-settings.ts";
import { checkBridgeOptions } from "./network-options.ts";
import type { NetworkRecord, SubnetRecord } from "./network-record.ts";
import type { AddressPool } from "./network-service.ts";
import { contains, formatPrefix, overlaps, type Prefix, parseCidr, parseIp } from "./prefix.ts";
import {
  chooseIpv6Subnet,
  chooseSubnet,
  firstAddress,
  type OccupiedPrefix,
} from "./subnet-choice.ts";

/** What is there already and must not be used twice. */
export interface Surroundings {
  networks: readonly NetworkRecord[];
  /** Blocks that the host reaches by links or routes. */
  occupied: readonly OccupiedPrefix[];
  pools: readonly AddressPool[];
}

const forbidden = (message: string): EngineError => new EngineError("permission-denied", message);

/** Problems of one IPAM entry, each in Docker's words. */
function poolProblems(pool: IpamPool, subnet: Prefix, written: string): string[] {
  const problems: string[] = [];
  const block = `IPv${subnet.family} block`;
  if (written !== formatPrefix(subnet)) {
    problems.push(`invalid subnet ${written}: it should be ${formatPrefix(subnet)}`);
  }
  const range = pool.IPRange ? parseCidr(pool.IPRange)?.prefix : undefined;
  if (pool.IPRange && range === undefined) problems.push(`invalid ip-range ${pool.IPRange}`);
  if (range !== undefined) {
    const start = `invalid ip-range ${pool.IPRange}:`;
    if (range.family !== subnet.family) problems.push(`${start} parent subnet is an ${block}`);
    else {
      if (range.bits < subnet.bits) {
        problems.push(
          `${start} CIDR block is bigger than its parent subnet ${formatPrefix(subnet)}`,
        );
      }
      if (pool.IPRange !== formatPrefix(range)) {
        problems.push(`${start} it should be ${formatPrefix(range)}`);
      }
      if (!overlaps(range, subnet)) {
        problems.push(`${start} parent subnet ${formatPrefix(subnet)} doesn't contain ip-range`);
      }
    }
  }
  const check = (label: string, text: string | undefined): void => {
    const problem = text ? addressProblem(text, subnet) : undefined;
    if (problem !== undefined) problems.push(`${label}: ${problem}`);
  };
  check(`invalid gateway ${pool.Gateway}`, pool.Gateway);
  for (const [name, text] of Object.entries(pool.AuxiliaryAddresses ?? {})) {
    check(`invalid auxiliary address ${name}`, text);
  }
  return problems;
}

function addressProblem(text: string, subnet: Prefix): string | undefined {
  const address = parseIp(text);
  if (address === undefined) return "not an IP address";
  if (address.family !== subnet.family) return `parent subnet is an IPv${subnet.family} block`;
  if (contains(subnet, address)) return undefined;
  return `parent subnet ${formatPrefix(subnet)} doesn't contain this address`;
}

function subnetRecord(pool: IpamPool, subnet: Prefix): SubnetRecord {
  return {
    subnet: formatPrefix(subnet),
    gateway: pool.Gateway || firstAddress(subnet),
    ...(pool.IPRange ? { range: pool.IPRange } : {}),
    reserved: pool.AuxiliaryAddresses ?? {},
  };
}

/** The blocks of a network, marked as its own. */
export const prefixesOf = ({ name, ipv4, ipv6 }: NetworkRecord): OccupiedPrefix[] =>
  [ipv4, ipv6].flatMap((subnet) => {
    const prefix = subnet === undefined ? undefined : parseCidr(subnet.subnet)?.prefix;
    return prefix === undefined ? [] : { ...prefix, by: `network "${name}"` };
  });

/** One family's subnet: the one that was asked for, or one that is free. */
function chooseFamily(
  family: 4 | 6,
  request: NetworkCreateRequest,
  around: Surroundings,
): SubnetRecord {
  const ours = around.networks.flatMap(prefixesOf);
  refuseSecond(family, request);
  const problems: string[] = [];
  for (const pool of request.IPAM?.Config ?? []) {
    const parsed = pool.Subnet ? parseCidr(pool.Subnet) : undefined;
    if (pool.Subnet && parsed === undefined) {
      throw invalidArgument(`invalid network config:\ninvalid subnet ${pool.Subnet}`);
    }
    if (parsed === undefined || parsed.prefix.family !== family) continue;
    problems.push(...poolProblems(pool, parsed.prefix, pool.Subnet ?? ""));
    if (problems.length > 0)
      throw invalidArgument(`invalid network config:\n${problems.join("\n")}`);
    const other = ours.find((one) => overlaps(one, parsed.prefix));
    if (other !== undefined) {
      throw forbidden(
        `invalid pool request: Pool overlaps with other one on this address space: ${formatPrefix(other)} of ${other.by}`,
      );
    }
    return subnetRecord(pool, parsed.prefix);
  }
  const taken = [...ours, ...around.occupied];
  const free = family === 4 ? chooseSubnet(around.pools, taken) : chooseIpv6Subnet(taken);
  return subnetRecord({}, free);
}

/** One subnet for each family is all that these drivers know, as Docker's bridge. */
function refuseSecond(family: 4 | 6, { IPAM, Driver }: NetworkCreateRequest): void {
  const same = (IPAM?.Config ?? []).filter(
    ({ Subnet }) => Subnet !== undefined && parseCidr(Subnet)?.prefix.family === family,
  );
  if (same.length < 2) return;
  throw forbidden(`${Driver || "bridge"} driver doesn't support multiple subnets`);
}

function checkDriver(driver: string): void {
  if (driver === "host" || driver === "null") {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
  if (driver === "overlay") return;
  if (driver !== "bridge" && driver !== "default" && !isChildDriver(driver)) {
    throw notFound(
      `could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`,
    );
  }
}

/** Overlay networks are known to every host of the cluster. */
const scopesOf = (driver: string | undefined): readonly string[] =>
  driver === "overlay" ? ["global", "swarm"] : ["local"];

function checkName(name: string, networks: readonly NetworkRecord[]): void {
  if (name === "" || /^\s*$/.test(name)) throw invalidArgument("invalid name: name is empty");
  if (name === "default" || isPredefined(name)) {
    throw forbidden(`operation is not permitted on predefined ${name} network `);
  }
  if (networks.some((network) => network.name === name)) {
    throw new EngineError("conflict", `network with name ${name} already exists`);
  }
}

function chooseDevice(id: string, request: NetworkCreateRequest, around: Surroundings): string {
  const wish = request.Options?.["com.docker.network.bridge.name"];
  if (!wish) return `br-${shortId(id)}`;
  // IFNAMSIZ with its NUL (linux/if.h); characters that rules or paths could misread stay out.
  if (!/^[a-zA-Z0-9_.-]{1,15}$/.test(wish)) throw invalidArgument(`invalid bridge name: ${wish}`);
  const other = around.networks.find(({ device }) => device === wish);
  if (other === undefined) return wish;
  throw forbidden(
    `cannot create network ${id} (${wish}): conflicts with network ${other.id} (${wish}): networks have same bridge name`,
  );
}

/**
 * The network that a request asks for; nothing is made yet.
 * @throws EngineError with Docker's words
 */
export function networkFromRequest(
  asked: NetworkCreateRequest,
  around: Surroundings,
): NetworkRecord {
  checkName(asked.Name ?? "", around.networks);
  const request = withConfiguration(asked, around.networks);
  if (request.ConfigOnly !== true) checkDriver(request.Driver || "bridge");
  if (request.Ingress || (request.Scope && !scopesOf(request.Driver).includes(request.Scope))) {
    throw forbidden("this node is not a swarm manager");
  }
  const ipamDriver = request.IPAM?.Driver || "default";
  if (ipamDriver !== "default") {
    throw notFound(
      `could not find plugin ${ipamDriver} in v1 plugin registry: plugin "${ipamDriver}" not found`,
    );
  }
  const id = randomId<NetworkId>();
  if (request.ConfigOnly === true) return configOnlyNetwork(id, request);
  const ipv4 = request.EnableIPv4 === false ? undefined : chooseFamily(4, request, around);
  const ipv6 = request.EnableIPv6 === true ? chooseFamily(6, request, around) : undefined;
  if (ipv4 === undefined && ipv6 === undefined) {
    throw invalidArgument("IPv4 or IPv6 must be enabled");
  }
  const spanning = request.Driver === "overlay" || isChildDriver(request.Driver ?? "");
  const driver = spanning ? request.Driver : "bridge";
  const network: NetworkRecord = {
    id,
    name: request.Name,
    driver: driver as NetworkRecord["driver"],
    created: new Date().toISOString(),
    ...linksOf(id, request, around),
    ...(asked.ConfigFrom?.Network ? { configFrom: asked.ConfigFrom.Network } : {}),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    internal: request.Internal === true,
    attachable: request.Attachable === true,
    ipam: ipamResource(request.IPAM?.Options ?? null, [ipv4, ipv6]),
    options: request.Options ?? {},
    labels: request.Labels ?? {},
  };
  if (network.driver === "bridge") checkBridgeOptions(network);
  return network;
}

/** The bridge of a network, or the parent of its links. */
function linksOf(
  id: string,
  request: NetworkCreateRequest,
  around: Surroundings,
): Pick<NetworkRecord, "device" | "parent"> {
  const driver = request.Driver ?? "";
  if (!isChildDriver(driver)) return { device: chooseDevice(id, request, around) };
  checkChildOptions(driver, request.Options ?? {});
  return { parent: chooseParent(id, request, around.networks) };
}

/** Settings that nobody joins; the subnets are looked at when a network takes them. */
function configOnlyNetwork(id: string, request: NetworkCreateRequest): NetworkRecord {
  return {
    id,
    name: request.Name,
    driver: "null",
    configOnly: true,
    created: new Date().toISOString(),
    internal: request.Internal === true,
    attachable: request.Attachable === true,
    ipam: {
      Driver: "default",
      Options: request.IPAM?.Options ?? null,
      Config: request.IPAM?.Config ?? [],
    },
    options: {
      ...request.Options,
      ...(request.EnableIPv6 === true ? { [CONFIG_IPV6]: "true" } : {}),
    },
    labels: request.Labels ?? {},
  };
}

/** Where a set of settings keeps that IPv6 is wanted. */
const CONFIG_IPV6 = "berth.config.ipv6";

/** The request with the settings of the network that it names (`--config-from`). */
function withConfiguration(
  request: NetworkCreateRequest,
  networks: readonly NetworkRecord[],
): NetworkCreateRequest {
  const name = request.ConfigFrom?.Network ?? "";
  if (name === "") return request;
  const source = networks.find((network) => network.name === name || network.id === name);
  if (source === undefined) throw notFound(`network ${name} not found`);
  if (source.configOnly !== true) {
    throw forbidden(`network ${name} is not a configuration-only network`);
  }
  const own = [
    (request.IPAM?.Config ?? []).length > 0,
    Object.keys(request.Options ?? {}).length > 0,
    Object.keys(request.IPAM?.Options ?? {}).length > 0,
    request.EnableIPv6 === true,
  ];
  if (own.includes(true)) {
    throw forbidden(
      "user supplied configurations are not supported if the network depends on a configuration network",
    );
  }
  const { [CONFIG_IPV6]: ipv6, ...options } = source.options;
  return {
    ...request,
    IPAM: { Driver: "default", Options: source.ipam.Options, Config: source.ipam.Config },
    Options: options,
    Internal: request.Internal === true || source.internal,
    ...(ipv6 === "true" ? { EnableIPv6: true } : {}),
    Labels: { ...source.labels, ...request.Labels },
  };
}

/** IPAM as `inspect` shows it. */
export function ipamResource(
  options: Record<string, string> | null,
  subnets: readonly (SubnetRecord | undefined)[],
): NetworkRecord["ipam"] {
  const config = subnets.flatMap((subnet) => {
    if (subnet === undefined) return [];
    const { range, reserved } = subnet;
    return {
      Subnet: subnet.subnet,
      ...(range === undefined ? {} : { IPRange: range }),
      Gateway: subnet.gateway,
      ...(Object.keys(reserved).length === 0 ? {} : { AuxiliaryAddresses: reserved }),
    };
  });
  return { Driver: "default", Options: options, Config: config };
}
