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
import { isPredefined } from "./endpoint-settings.ts";
import type { NetworkRecord, SubnetRecord } from "./network-record.ts";
import type { AddressPool } from "./network-service.ts";
import { contains, formatPrefix, overlaps, type Prefix, parseCidr, parseIp } from "./prefix.ts";
import { chooseIpv6Subnet, chooseSubnet, firstAddress } from "./subnet-choice.ts";

/** What is there already and must not be used twice. */
export interface Surroundings {
  networks: readonly NetworkRecord[];
  /** Blocks that the host reaches by links or routes. */
  occupied: readonly Prefix[];
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

const prefixesOf = ({ ipv4, ipv6 }: NetworkRecord): Prefix[] =>
  [ipv4, ipv6].flatMap((subnet) =>
    subnet === undefined ? [] : (parseCidr(subnet.subnet)?.prefix ?? []),
  );

/** One family's subnet: the one that was asked for, or one that is free. */
function chooseFamily(
  family: 4 | 6,
  request: NetworkCreateRequest,
  around: Surroundings,
): SubnetRecord {
  const ours = around.networks.flatMap(prefixesOf);
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
    if (ours.some((other) => overlaps(other, parsed.prefix))) {
      throw forbidden("invalid pool request: Pool overlaps with other one on this address space");
    }
    return subnetRecord(pool, parsed.prefix);
  }
  const taken = [...ours, ...around.occupied];
  const free = family === 4 ? chooseSubnet(around.pools, taken) : chooseIpv6Subnet(taken);
  return subnetRecord({}, free);
}

function checkDriver(driver: string): void {
  if (driver === "host" || driver === "null") {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
  if (driver !== "bridge" && driver !== "default") {
    throw notFound(
      `could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`,
    );
  }
}

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
  request: NetworkCreateRequest,
  around: Surroundings,
): NetworkRecord {
  checkName(request.Name ?? "", around.networks);
  checkDriver(request.Driver || "bridge");
  if (request.ConfigOnly || request.ConfigFrom?.Network) {
    throw new EngineError("not-implemented", "configuration-only networks are not supported");
  }
  if (request.Ingress || (request.Scope && request.Scope !== "local")) {
    throw forbidden("this node is not a swarm manager");
  }
  const ipamDriver = request.IPAM?.Driver || "default";
  if (ipamDriver !== "default") {
    throw notFound(
      `could not find plugin ${ipamDriver} in v1 plugin registry: plugin "${ipamDriver}" not found`,
    );
  }
  const id = randomId<NetworkId>();
  const ipv4 = request.EnableIPv4 === false ? undefined : chooseFamily(4, request, around);
  const ipv6 = request.EnableIPv6 === true ? chooseFamily(6, request, around) : undefined;
  if (ipv4 === undefined && ipv6 === undefined) {
    throw invalidArgument("IPv4 or IPv6 must be enabled");
  }
  return {
    id,
    name: request.Name,
    driver: "bridge",
    created: new Date().toISOString(),
    device: chooseDevice(id, request, around),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    internal: request.Internal === true,
    attachable: request.Attachable === true,
    ipam: ipamResource(request.IPAM?.Options ?? null, [ipv4, ipv6]),
    options: request.Options ?? {},
    labels: request.Labels ?? {},
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
