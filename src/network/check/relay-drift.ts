import type { NetworkDrift } from "../../spec/index.ts";
import type { NamedSandbox } from "../dns/named-sandbox.ts";
import type { EndpointHolds, RelayReport } from "../relay/protocol.ts";

/** Where the relay holds something else, or answers for other names, than it should. */
export function relayDrifts(
  wanted: RelayReport,
  present: RelayReport,
  nameOf: (sandboxId: string) => string,
): NetworkDrift[] {
  return [
    ...portDrifts(wanted.endpoints, present.endpoints, nameOf),
    ...nameDrifts(wanted.names, present.names, nameOf),
  ];
}

/** `tcp 0.0.0.0:8080` → where it leads to and for whom. */
function heldPorts(endpoints: readonly EndpointHolds[]): Map<string, { to: string; by: string }> {
  const ports = new Map<string, { to: string; by: string }>();
  for (const { endpoint, requests } of endpoints) {
    for (const { protocol, hostIps, first, target } of requests) {
      const to = [target.ipv4, target.ipv6].filter((one) => one !== undefined).join(" or ");
      for (const hostIp of hostIps) {
        const host = hostIp.includes(":") ? `[${hostIp}]` : hostIp;
        const at = `${protocol} ${host}:${first}`;
        ports.set(at, { to: `port ${target.port} of ${to}`, by: endpoint });
      }
    }
  }
  return ports;
}

function portDrifts(
  wanted: readonly EndpointHolds[],
  present: readonly EndpointHolds[],
  nameOf: (sandboxId: string) => string,
): NetworkDrift[] {
  const [want, have] = [heldPorts(wanted), heldPorts(present)];
  const problems: string[] = [];
  for (const [at, { to, by }] of want) {
    const held = have.get(at);
    const what = `The published port ${at} of container "${nameOf(by)}"`;
    if (held === undefined) problems.push(`${what} is not held`);
    else if (held.by !== by || held.to !== to) problems.push(`${what} leads to ${held.to}`);
  }
  for (const at of have.keys()) {
    if (!want.has(at)) problems.push(`The port ${at} is held, and no container publishes it`);
  }
  return problems.map((Problem) => ({ Kind: "port", Problem }));
}

function nameDrifts(
  wanted: readonly NamedSandbox[],
  present: readonly NamedSandbox[],
  nameOf: (sandboxId: string) => string,
): NetworkDrift[] {
  const have = new Map(present.map((sandbox) => [sandbox.id, sandbox]));
  const want = new Set(wanted.map(({ id }) => id));
  const problems: string[] = [];
  for (const sandbox of wanted) {
    const now = have.get(sandbox.id);
    const name = nameOf(sandbox.id);
    if (now === undefined) problems.push(`Container "${name}" has no name server`);
    else if (!Bun.deepEquals(withoutPath(now), withoutPath(sandbox))) {
      problems.push(`The name server of container "${name}" knows other names or servers`);
    }
  }
  const strangers = present.filter(({ id }) => !want.has(id)).length;
  if (strangers > 0) {
    problems.push(`${strangers} of the name servers belong to containers that are gone`);
  }
  return problems.map((Problem) => ({ Kind: "names", Problem }));
}

/** The path is that of the daemon's descriptor: another one after each restart. */
const withoutPath = ({ id, endpoints, exposed, upstream }: NamedSandbox): unknown =>
  JSON.parse(JSON.stringify({ id, endpoints, exposed, upstream }));
