import { gatewayMode, isOff, networkOption, trustedInterfaces } from "./network-options.ts";
import type { EndpointRecord, NetworkRecord, PublishedPort } from "./network-record.ts";

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

const chainName = (direction: "to" | "from", device: string): string => `${direction}-${device}`;

/** The source address of what leaves the bridge: translated, unless the network's options say otherwise. */
function sourceTranslation(network: NetworkRecord, device: string): string[] {
  if (network.internal) return [];
  const masquerade = !isOff(network, "bridge.enable_ip_masquerade");
  const hostAddress = networkOption(network, "host_ipv4");
  const rules: string[] = [];
  for (const [family, subnet] of [
    ["ip", network.ipv4?.subnet],
    ["ip6", network.ipv6?.subnet],
  ] as const) {
    const mode = gatewayMode(network, family === "ip" ? 4 : 6);
    if (subnet === undefined || mode === "routed" || mode === "isolated") continue;
    const leaving =
      family === "ip" && hostAddress !== undefined ? `snat to ${hostAddress}` : "masquerade";
    if (masquerade) rules.push(`${family} saddr ${subnet} oifname != "${device}" ${leaving}`);
  }
  return rules;
}

/** What may be forwarded to the bridge: answers, published ports and neighbours, nothing else. */
function inbound(network: NetworkRecord, device: string): string[] {
  // Where neighbours are kept apart, the bridge's ports do that.
  if (network.internal) return [`iifname "${device}" accept`, "drop"];
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

function verdicts(direction: "to" | "from", devices: readonly string[]): string[] {
  if (devices.length === 0) return [];
  const elements = devices.map((device) => `"${device}" : jump ${chainName(direction, device)}`);
  const key = direction === "to" ? "oifname" : "iifname";
  return [`${key} vmap { ${elements.join(", ")} }`];
}

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
`;

const OWN = [
  "meta nfproto ipv4 iifname . meta l4proto . ip daddr . th dport @own-at4 return",
  "meta nfproto ipv4 iifname . meta l4proto . th dport @own-any4 return",
  "meta nfproto ipv6 iifname . meta l4proto . ip6 daddr . th dport @own-at6 return",
  "meta nfproto ipv6 iifname . meta l4proto . th dport @own-any6 return",
];

const PUBLISH = [
  "dnat ip to meta l4proto . ip daddr . th dport map @at4",
  "dnat ip to meta l4proto . th dport map @any4",
  "dnat ip6 to meta l4proto . ip6 daddr . th dport map @at6",
  "dnat ip6 to meta l4proto . th dport map @any6",
];

const names = (devices: readonly string[]): string =>
  `{ ${devices.map((device) => `"${device}"`).join(", ")} }`;

/**
 * Another engine's bridges get from ours only what that engine publishes: the accept rules that let our
 * traffic out come before its own isolation.
 */
function towardsForeign(ours: readonly string[], foreign: readonly string[]): string[] {
  if (ours.length === 0 || foreign.length === 0) return [];
  const unpublished = "ct state new ct status & dnat == 0";
  return [`iifname ${names(ours)} oifname ${names(foreign)} ${unpublished} drop`];
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
  const bridges = networks.flatMap((network) =>
    network.device === undefined ? [] : [{ network, device: network.device }],
  );
  const internal = bridges.filter(({ network }) => network.internal).map(({ device }) => device);
  const devices = bridges.map(({ device }) => device);
  const base = (name: (typeof BASE_CHAINS)[number], kind: string, rules: readonly string[]) =>
    chain(name, [...(detached ? [] : [`type ${kind}; policy accept;`]), ...rules]);
  return [
    `add table inet ${table}\ndelete table inet ${table}\ntable inet ${table} {${MAPS}`,
    chain("publish", PUBLISH),
    base("prerouting", "nat hook prerouting priority dstnat", [
      "fib daddr type != local return",
      ...OWN,
      "jump publish",
    ]),
    base("output", "nat hook output priority -100", [
      "ip daddr 127.0.0.0/8 return",
      "ip6 daddr ::1 return",
      "fib daddr type local jump publish",
    ]),
    base("postrouting", "nat hook postrouting priority srcnat", [
      ...bridges.flatMap(({ network, device }) => sourceTranslation(network, device)),
    ]),
    ...internal.map((device) => chain(chainName("from", device), [`oifname != "${device}" drop`])),
    ...bridges.map(({ network, device }) =>
      chain(chainName("to", device), inbound(network, device)),
    ),
    base("forward", "filter hook forward priority filter", [
      ...towardsForeign(devices, foreign),
      ...verdicts("from", internal),
      ...verdicts("to", devices),
    ]),
    "}\n",
    addElements(table, elements),
  ].join("");
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
