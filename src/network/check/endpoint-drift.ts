import type { Cable, HostLinks, LinkInfo, NamespaceSurvey } from "../../linux/netlink/index.ts";
import type { NetworkDrift } from "../../spec/index.ts";
import { prefixText } from "./network-drift.ts";

/** A link that a container is to have, and what the network is called. */
export interface WantedLink {
  cable: Cable;
  network: string;
}

const MAIN_TABLE = 254;
const CHILD_KINDS = new Set(["macvlan", "ipvlan"]);
/** As `sandbox-plan.ts` names the host's ends of cables. */
const PORT_NAME = /^veth[0-9a-f]{7}$/;

const endpointDrift = (Problem: string): NetworkDrift => ({ Kind: "endpoint", Problem });

/** What a container's namespace lacks, and links to networks that it is not in. */
export function endpointDrifts(
  container: string,
  wanted: readonly WantedLink[],
  inside: NamespaceSurvey,
  host: Pick<HostLinks, "links">,
  parents: ReadonlySet<number>,
): NetworkDrift[] {
  const byName = new Map(host.links.map((link) => [link.name, link]));
  const expected = new Set(wanted.map(({ cable }) => cable.device));
  return [
    ...wanted.flatMap((link) => linkProblems(container, link, inside, byName)),
    ...strangeLinks(inside, expected, parents).map(
      (name) => `Container "${container}" has the link "${name}" to a network that it is not in`,
    ),
  ].map(endpointDrift);
}

/** Names of links that are children of ours, by the parents' indexes on the host, and nobody's endpoint. */
export function strangeLinks(
  inside: NamespaceSurvey,
  expected: ReadonlySet<string>,
  parents: ReadonlySet<number>,
): string[] {
  return inside.links
    .filter(
      ({ name, kind, parent, parentElsewhere }) =>
        !expected.has(name) &&
        parentElsewhere &&
        CHILD_KINDS.has(kind ?? "") &&
        parents.has(parent ?? 0),
    )
    .map(({ name }) => name);
}

function linkProblems(
  container: string,
  { cable, network }: WantedLink,
  inside: NamespaceSurvey,
  host: ReadonlyMap<string, LinkInfo>,
): string[] {
  const link = inside.links.find(({ name }) => name === cable.device);
  const what = `The link "${cable.device}" of container "${container}" to network "${network}"`;
  if (link === undefined) return [`${what} is missing`];
  const problems = link.up ? [] : [`${what} is down`];
  const present = inside.addresses.filter((address) => address.link === link.index).map(prefixText);
  for (const address of cable.addresses.map(prefixText)) {
    if (!present.includes(address)) problems.push(`${what} lacks the address ${address}`);
  }
  problems.push(...routeProblems(container, cable, link, inside));
  for (const [path, value] of Object.entries(cable.sysctls)) {
    const now = inside.settings[path];
    if (now !== undefined && now !== value) {
      problems.push(`${what} has ${path.replaceAll("/", ".")} at ${now}, not ${value}`);
    }
  }
  return [...problems, ...portProblems(container, cable, link, host)];
}

function routeProblems(
  container: string,
  { gateways, direct }: Cable,
  link: LinkInfo,
  { routes }: NamespaceSurvey,
): string[] {
  const defaults = routes.filter(
    (route) => route.prefix === 0 && route.table === MAIN_TABLE && route.link === link.index,
  );
  const lacks = gateways.filter((gateway) => !defaults.some((route) => route.gateway === gateway));
  const lacksDirect = direct.filter(
    (family) => !defaults.some(({ destination }) => destination.includes(":") === (family === 6)),
  );
  return [
    ...lacks.map((gateway) => `Container "${container}" has no default route by ${gateway}`),
    ...lacksDirect.map(
      (family) => `Container "${container}" has no default IPv${family} route over "${link.name}"`,
    ),
  ];
}

/** The host's end of a cable. */
function portProblems(
  container: string,
  { to, isolated, mtu }: Cable,
  inside: LinkInfo,
  host: ReadonlyMap<string, LinkInfo>,
): string[] {
  if ("parent" in to) return [];
  const port = host.get(to.hostDevice);
  const what = `The port "${to.hostDevice}" of container "${container}"`;
  if (port === undefined) return [`${what} is missing`];
  if (inside.parent !== port.index) return [`${what} leads somewhere else`];
  const problems = port.up ? [] : [`${what} is down`];
  if (port.master !== host.get(to.bridge)?.index || port.master === undefined) {
    problems.push(`${what} is not plugged into the bridge "${to.bridge}"`);
  } else if (port.isolated !== isolated) {
    problems.push(`${what} is ${isolated ? "not " : ""}kept apart from the other ports`);
  }
  if (port.mtu !== mtu) problems.push(`${what} has the MTU ${port.mtu}, not ${mtu}`);
  return problems;
}

/** Ports of our bridges that no endpoint has. Those of containers that end go by themselves. */
export function strayPorts(
  host: Pick<HostLinks, "links">,
  bridges: ReadonlySet<string>,
  known: ReadonlySet<string>,
): LinkInfo[] {
  const masters = new Set(
    host.links.filter(({ name }) => bridges.has(name)).map(({ index }) => index),
  );
  return host.links.filter(
    ({ name, kind, master }) =>
      kind === "veth" && masters.has(master ?? 0) && PORT_NAME.test(name) && !known.has(name),
  );
}
