import { parseAddress } from "../linux/netlink/index.ts";
import { internal, invalidArgument, type PortBinding, type PortMap } from "../spec/index.ts";
import type { PortRequest, PublishedPort } from "./network-record.ts";
import type { EndpointHolds, HoldFailure, HoldRequest, RelayTarget } from "./relay/protocol.ts";

interface ContainerPort {
  protocol: PortRequest["protocol"];
  port: number;
}

/** `80/tcp`, `53/udp`, `80`. */
export function parseContainerPort(text: string): ContainerPort {
  const [number = "", protocol = "tcp", ...rest] = text.toLowerCase().split("/");
  const port = parsePort(number);
  if (port === undefined || port === 0 || rest.length > 0) {
    throw invalidArgument(`invalid port specification: "${text}"`);
  }
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp") {
    throw invalidArgument(`invalid proto: ${protocol}`);
  }
  return { protocol, port };
}

function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}

function parseHostPort(text: string): { first: number; last: number } {
  if (text === "") return { first: 0, last: 0 };
  const [low = "", high = low, ...rest] = text.split("-");
  const first = parsePort(low);
  const last = parsePort(high);
  if (first === undefined || last === undefined || last < first || rest.length > 0) {
    throw invalidArgument(`invalid hostPort: "${text}"`);
  }
  return { first, last };
}

function parseBinding(port: ContainerPort, binding: PortBinding): PortRequest {
  const hostIp = (binding.HostIp ?? "").replace(/^\[(.*)\]$/, "$1");
  if (hostIp !== "" && parseAddress(hostIp) === undefined) {
    throw invalidArgument(`invalid IP address: ${hostIp}`);
  }
  const { first, last } = parseHostPort(binding.HostPort ?? "");
  return { protocol: port.protocol, containerPort: port.port, hostIp, first, last };
}

/** Fixed ports come before those that may be anywhere, so that none of these takes a fixed one away. */
const byFreedom = (a: PortRequest, b: PortRequest): number =>
  Number(a.first === 0) - Number(b.first === 0) || a.containerPort - b.containerPort;

/**
 * `-p` and `-P` as requests, validated.
 * @throws invalid-argument
 */
export function portRequests(
  bindings: PortMap,
  publishAll: boolean,
  exposed: readonly string[],
): PortRequest[] {
  const requests: PortRequest[] = [];
  for (const [text, list] of Object.entries(bindings)) {
    const port = parseContainerPort(text);
    // A port that is published without saying where gets any.
    const wanted = list === null || list.length === 0 ? [{ HostIp: "", HostPort: "" }] : list;
    requests.push(...wanted.map((binding) => parseBinding(port, binding)));
  }
  if (publishAll) {
    const bound = new Set(
      requests.map((request) => `${request.containerPort}/${request.protocol}`),
    );
    for (const text of exposed) {
      const { protocol, port } = parseContainerPort(text);
      if (bound.has(`${port}/${protocol}`)) continue;
      requests.push({ protocol, containerPort: port, hostIp: "", first: 0, last: 0 });
    }
  }
  return requests.sort(byFreedom);
}

/**
 * Requests for any port, or for one of a range, keep the one that they have had.
 *
 * @param previous what was asked for before, and `published` what came of it
 */
export function keepPorts(
  requests: readonly PortRequest[],
  previous: readonly PortRequest[],
  published: readonly PublishedPort[],
): PortRequest[] {
  const key = (protocol: string, port: number, hostPort: number): string =>
    `${protocol} ${port} ${hostPort}`;
  const isFixed = ({ first, last }: PortRequest): boolean => first > 0 && first === last;
  // A port that somebody asked for by number is nobody else's "any".
  const taken = new Set(
    [...previous, ...requests]
      .filter(isFixed)
      .map(({ protocol, containerPort, first }) => key(protocol, containerPort, first)),
  );
  return requests.map((request) => {
    const { protocol, containerPort, hostIp, first, last } = request;
    if (isFixed(request)) return request;
    const had = published.find(
      (port) =>
        port.protocol === protocol &&
        port.containerPort === containerPort &&
        (hostIp === "" || port.hostIp === hostIp) &&
        (first === 0 || (port.hostPort >= first && port.hostPort <= last)) &&
        !taken.has(key(protocol, containerPort, port.hostPort)),
    );
    if (had === undefined) return request;
    taken.add(key(protocol, containerPort, had.hostPort));
    return { ...request, kept: had.hostPort };
  });
}

/** For the relay. `everywhere` are the host addresses that an empty one stands for. */
export function holdRequest(
  request: PortRequest,
  everywhere: readonly string[],
  target: Omit<RelayTarget, "port">,
): HoldRequest {
  return {
    protocol: request.protocol,
    hostIps: request.hostIp === "" ? [...everywhere] : [request.hostIp],
    first: request.kept ?? request.first,
    last: request.kept ?? request.last,
    target: { ...target, port: request.containerPort },
  };
}

/** What was held for the requests: one entry per host address. */
export function publishedPorts(
  requests: readonly HoldRequest[],
  ports: readonly number[],
): PublishedPort[] {
  return requests.flatMap(({ protocol, hostIps, target }, index) =>
    hostIps.map((hostIp) => ({
      protocol,
      containerPort: target.port,
      hostIp,
      hostPort: ports[index] ?? 0,
    })),
  );
}

/** The other way round: what a relay has to hold for ports that are published already. */
export function holdsOf(
  endpoint: string,
  published: readonly PublishedPort[],
  target: Omit<RelayTarget, "port">,
): EndpointHolds {
  const requests: HoldRequest[] = [];
  for (const { protocol, containerPort, hostIp, hostPort } of published) {
    const last = requests.at(-1);
    const same =
      last?.protocol === protocol && last.first === hostPort && last.target.port === containerPort;
    if (same && !last.hostIps.includes(hostIp)) last.hostIps.push(hostIp);
    else {
      const request = { protocol, hostIps: [hostIp], first: hostPort, last: hostPort };
      requests.push({ ...request, target: { ...target, port: containerPort } });
    }
  }
  return { endpoint, requests };
}

const REASONS: Record<string, string> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EPROTONOSUPPORT: "protocol not supported",
};

/** Docker's words for a port that cannot be had. */
export function portError(
  endpoint: { name: string; id: string },
  requests: readonly HoldRequest[],
  { request: index, hostIp, port, reason }: HoldFailure,
): Error {
  const request = requests[index];
  const address = hostIp.includes(":") ? `[${hostIp}]` : hostIp;
  const target = `${request?.target.ipv4 ?? request?.target.ipv6}:${request?.target.port}`;
  const why =
    reason === "allocated"
      ? `Bind for ${hostIp}:${port} failed: port is already allocated`
      : reason === "all-allocated"
        ? "all ports are allocated"
        : `failed to bind host port for ${address}:${port}:${target}/${request?.protocol}: ${REASONS[reason] ?? reason}`;
  return internal(
    `failed to set up container networking: driver failed programming external connectivity on endpoint ${endpoint.name} (${endpoint.id}): ${why}`,
  );
}
