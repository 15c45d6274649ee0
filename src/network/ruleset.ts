import { gatewayMode, isOff, networkOption, trustedInterfaces } from "./network-options.ts";
import type { EndpointRecord, NetworkRecord, PublishedPort } from "./network-record.ts";
import { isOverlay } from "./overlay/overlay-options.ts";

/** One published port: what arrives at the host's port goes to the container's. */
export interface PortElement {
  map: "any4" | "at4" | "any6" | "at6" | "open4" | "open6";
  key: string;
  /** Empty: the container's own address may be reached, nothing is translated. */
  target: string;
  /** The container's bridge; what comes from there is left to the relay. */
  device: string;
}

const ANY = new Set(["", "0.0.0.0", "::"]);
const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

/**
 * The element for one published port; undefined where only the relay answers: at loopback addresses,
 * and where the host's address and the container's are not of the same family.
 */
export function portElement(
  port: PublishedPort,
  { ipv4, ipv6 }: Pick<EndpointRecord, "ipv4" | "ipv6">,
  device: string,
): PortElement | undefined {
  const family = port.hostIp.includes(":") ? 6 : 4;
  const address = family === 4 ? ipv4 : ipv6;
  if (address === undefined || isLoopback(port.hostIp)) return undefined;
  if (port.hostPort === 0) {
    const key = `${address} . ${port.protocol} . ${port.containerPort}`;
    return { map: `open${family}`, key, target: "", device };
  }
  const any = ANY.has(port.hostIp);
  const key = any
    ? `${port.protocol} . ${port.hostPort}`
    : `${port.protocol} . ${port.hostIp} . ${port.hostPort}`;
  return {
    map: `${any ? "any" : "at"}${family}`,
    key,
    target: `${address} . ${port.containerPort}`,
    device,
  };
}

/** The chains that packets come to; each has its hook's name. */
export const BASE_CHAINS = ["prerouting", "output", "postrouting", "forward"] as const;

const chainName = (direction: "to" | "from" | "out", device: string): string =>
  `${direction}-${device}`;

/** Nothing is routed to it or from it; the bridges of overlay networks lead to other hosts by themselves. */
const isClosed = (network: NetworkRecord): boolean => network.internal || isOverlay(network);

/** The source address of what leaves the bridge: translated, unless the network's options say otherwise. */
function sourceTranslation(
  network: NetworkRecord,
  device: string,
  family: 4 | 6,
): string | undefined {
  const mode = gatewayMode(network, family);
  if (isClosed(network) || mode === "routed" || mode === "isolated") return undefined;
  if (isOff(network, "bridge.enable_ip_masquerade")) return undefined;
  const hostAddress = networkOption(network, "host_ipv4");
  const leaving =
    family === 4 && hostAddress !== undefined ? `snat ip to ${hostAddress}` : "masquerade";
  return `oifname != "${device}" ${leaving}`;
}

/** What may be forwarded to the bridge: answers, published ports and neighbours, nothing else. */
function inbound(network: NetworkRecord, device: string): string[] {
  // Where neighbours are kept apart, the bridge's ports do that.
  if (isClosed(network)) return [`iifname "${device}" accept`, "drop"];
  return [
    "ct state established,related accept",
    "ct status dnat accept",
    `iifname "${device}" accept`,
    ...trustedInterfaces(network).map((name) => `iifname ${JSON.stringify(name)} accept`),
    ...direct(network),
    "drop",
  ];
}

/** Without translation the container's own address is reached: all of it, or what is published. */
function direct(network: NetworkRecord): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const mode = gatewayMode(network, family);
    if (mode === "nat-unprotected") return [`meta nfproto ipv${family} accept`];
    if (mode !== "routed") return [];
    const [address, ping] =
      family === 4
        ? ["ip daddr", "icmp type echo-request"]
        : ["ip6 daddr", "icmpv6 type echo-request"];
    return [
      `meta nfproto ipv${family} ${ping} accept`,
      `meta nfproto ipv${family} ${address} . meta l4proto . th dport @open${family} accept`,
    ];
  });
}

const chain = (name: string, rules: readonly string[]): string =>
  `  chain ${name} {\n${rules.map((rule) => `    ${rule}\n`).join("")}  }\n`;

// A packet that a bridge's port has sent and that would go back to the same bridge, or even the same
// port, is not translated: its answer would not find back. The relay answers there, as docker-proxy does.
const MAPS = `
  set own-any4 { type ifname . inet_proto . inet_service; }
  set own-at4 { type ifname . inet_proto . ipv4_addr . inet_service; }
  set own-any6 { type ifname . inet_proto . inet_service; }
  set own-at6 { type ifname . inet_proto . ipv6_addr . inet_service; }
  map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map at4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }
  map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map at6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }
  set open4 { type ipv4_addr . inet_proto . inet_service; }
  set open6 { type ipv6_addr . inet_proto . inet_service; }
  set ours { type ifname; }
  set others { type ifname; }
  map from { type ifname : verdict; }
  map to { type ifname : verdict; }
  map out4 { type ipv4_addr : verdict; flags interval; }
  map out6 { type ipv6_addr : verdict; flags interval; }
`;

const PREROUTING = [
  "fib daddr type != local return",
  "meta nfproto ipv4 iifname . meta l4proto . ip daddr . th dport @own-at4 return",
  "meta nfproto ipv4 iifname . meta l4proto . th dport @own-any4 return",
  "meta nfproto ipv6 iifname . meta l4proto . ip6 daddr . th dport @own-at6 return",
  "meta nfproto ipv6 iifname . meta l4proto . th dport @own-any6 return",
  "jump publish",
];

const OUTPUT = [
  "ip daddr 127.0.0.0/8 return",
  "ip6 daddr ::1 return",
  "fib daddr type local jump publish",
];

const PUBLISH = [
  "dnat ip to meta l4proto . ip daddr . th dport map @at4",
  "dnat ip to meta l4proto . th dport map @any4",
  "dnat ip6 to meta l4proto . ip6 daddr . th dport map @at6",
  "dnat ip6 to meta l4proto . th dport map @any6",
];

// Another engine's bridges get from ours only what that engine publishes: the accept rules that let our
// traffic out come before its own isolation.
const FORWARD = [
  "iifname @ours oifname @others ct state new ct status & dnat == 0 drop",
  "iifname vmap @from",
  "oifname vmap @to",
];

// By subnet, so that a packet meets the rules of its own network alone, however many there are.
const POSTROUTING = ["ip saddr vmap @out4", "ip6 saddr vmap @out6"];

/** What one network adds to the table; nothing of it is shared with another network. */
interface NetworkRules {
  chains: { name: string; rules: string[] }[];
  /** Set or map → element. */
  elements: [set: string, element: string][];
}

function networkRules(network: NetworkRecord): NetworkRules {
  const { device, ipv4, ipv6 } = network;
  if (device === undefined) return { chains: [], elements: [] };
  const to = chainName("to", device);
  const chains = [{ name: to, rules: inbound(network, device) }];
  const elements: [string, string][] = [
    ["ours", `"${device}"`],
    ["to", `"${device}" : jump ${to}`],
  ];
  if (isClosed(network)) {
    const from = chainName("from", device);
    chains.push({ name: from, rules: [`oifname != "${device}" drop`] });
    elements.push(["from", `"${device}" : jump ${from}`]);
  }
  for (const family of [4, 6] as const) {
    const rule = sourceTranslation(network, device, family);
    const subnet = (family === 4 ? ipv4 : ipv6)?.subnet;
    if (rule === undefined || subnet === undefined) continue;
    const out = `${chainName("out", device)}-${family}`;
    chains.push({ name: out, rules: [rule] });
    elements.push([`out${family}`, `${subnet} : jump ${out}`]);
  }
  return { chains, elements };
}

/**
 * The whole table as one transaction that replaces what was there. An `accept` here ends only this
 * table's say: the host's own chains still judge the packet. `foreign` are other engines' bridges. A table
 * that is `detached` hangs on no hook and sees no packet.
 */
export function tableScript(
  table: string,
  networks: readonly NetworkRecord[],
  elements: readonly PortElement[],
  foreign: readonly string[],
  { detached = false }: { detached?: boolean } = {},
): string {
  const base = (name: (typeof BASE_CHAINS)[number], kind: string, rules: readonly string[]) =>
    chain(name, [...(detached ? [] : [`type ${kind}; policy accept;`]), ...rules]);
  const own = networks.map(networkRules);
  return [
    `add table inet ${table}\ndelete table inet ${table}\ntable inet ${table} {${MAPS}`,
    chain("publish", PUBLISH),
    base("prerouting", "nat hook prerouting priority dstnat", PREROUTING),
    base("output", "nat hook output priority -100", OUTPUT),
    base("postrouting", "nat hook postrouting priority srcnat", POSTROUTING),
    base("forward", "filter hook forward priority filter", FORWARD),
    // Here, in the block that makes the maps: libnftables 1.0.6 does not find chains of a later one for the
    // elements of a map of intervals.
    ...own.flatMap(({ chains }) => chains.map(({ name, rules }) => chain(name, rules))),
    "}\n",
    ...own.map(({ elements: one }) => addSetElements(table, one)),
    foreignScript(table, foreign),
    addElements(table, elements),
  ].join("");
}

/** Commands that name other engines' bridges, in place of those that were named. */
export function foreignScript(table: string, foreign: readonly string[]): string {
  const elements = foreign.map((name) => `add element inet ${table} others { "${name}" }\n`);
  return `flush set inet ${table} others\n${elements.join("")}`;
}

/** Commands that let a network's packets through; the rest of the table stays as it is. */
export function addNetwork(table: string, network: NetworkRecord): string {
  const { chains, elements } = networkRules(network);
  if (chains.length === 0) return "";
  return [
    `table inet ${table} {\n`,
    ...chains.map(({ name, rules }) => chain(name, rules)),
    "}\n",
    addSetElements(table, elements),
  ].join("");
}

const addSetElements = (table: string, elements: NetworkRules["elements"]): string =>
  elements.map(([set, element]) => `add element inet ${table} ${set} { ${element} }\n`).join("");

/** Commands that take a network out of the table; what is not there fails all of them. */
export function deleteNetwork(table: string, network: NetworkRecord): string {
  const { chains, elements } = networkRules(network);
  return [
    ...elements.map(([set, element]) => `delete element inet ${table} ${set} { ${element} }\n`),
    ...chains.map(
      ({ name }) => `flush chain inet ${table} ${name}\ndelete chain inet ${table} ${name}\n`,
    ),
  ].join("");
}

/** How many rules a table for these networks has. */
export function ruleCount(networks: readonly NetworkRecord[]): number {
  const own = networks.flatMap((network) => networkRules(network).chains);
  const fixed = [PUBLISH, PREROUTING, OUTPUT, POSTROUTING, FORWARD];
  return [...fixed, ...own.map(({ rules }) => rules)].reduce((sum, { length }) => sum + length, 0);
}

const ownElement = ({ map, key, device }: PortElement): string =>
  `own-${map} { "${device}" . ${key} }`;

/** Commands that add elements, which must not be there yet with another target. */
export function addElements(table: string, elements: readonly PortElement[]): string {
  return elements
    .map((element) =>
      element.target === ""
        ? `add element inet ${table} ${element.map} { ${element.key} }\n`
        : `add element inet ${table} ${element.map} { ${element.key} : ${element.target} }\n` +
          `add element inet ${table} ${ownElement(element)}\n`,
    )
    .join("");
}

/** Commands that take elements away; one that is not there fails all of them. */
export function deleteElements(table: string, elements: readonly PortElement[]): string {
  return elements
    .map(
      (element) =>
        `delete element inet ${table} ${element.map} { ${element.key} }\n` +
        (element.target === "" ? "" : `delete element inet ${table} ${ownElement(element)}\n`),
    )
    .join("");
}
