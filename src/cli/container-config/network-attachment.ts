import { csvFields } from "../../spec/csv-fields.ts";
import type { EndpointSettings } from "../../spec/index.ts";
import { splitPair } from "../flags/flag-kinds.ts";

/** What `--network` asks for: a name, or `name=…,alias=…,ip=…`. */
export interface NetworkAttachment {
  target: string;
  aliases: string[];
  links: string[];
  driverOptions: Record<string, string>;
  ipv4: string;
  ipv6: string;
  linkLocal: string[];
  macAddress: string;
  gatewayPriority: number;
}

export function newAttachment(target: string): NetworkAttachment {
  return {
    target,
    aliases: [],
    links: [],
    driverOptions: {},
    ipv4: "",
    ipv6: "",
    linkLocal: [],
    macAddress: "",
    gatewayPriority: 0,
  };
}

export function parseNetworkAttachment(text: string): NetworkAttachment {
  if (!text.includes("=")) return newAttachment(text);
  const attachment = newAttachment("");
  for (const field of csvFields(text)) applyField(attachment, field);
  if (attachment.target === "") throw new Error("network name/id is not specified");
  return attachment;
}

function applyField(attachment: NetworkAttachment, field: string): void {
  const [name, text] = splitPair(field);
  if (!field.includes("=")) throw new Error(`invalid field ${field}`);
  const key = name.trim().toLowerCase();
  const value = text.trim();
  switch (key) {
    case "name":
      attachment.target = value;
      return;
    case "alias":
      attachment.aliases.push(value);
      return;
    case "driver-opt":
      attachment.driverOptions = { ...attachment.driverOptions, ...driverOption(value) };
      return;
    case "ip":
      attachment.ipv4 = value;
      return;
    case "ip6":
      attachment.ipv6 = value;
      return;
    case "mac-address":
      attachment.macAddress = value;
      return;
    case "link-local-ip":
      attachment.linkLocal.push(value);
      return;
    case "gw-priority":
      if (!/^[-+]?\d+$/.test(value))
        throw new Error(`invalid gw-priority (${value}): invalid syntax`);
      attachment.gatewayPriority = Number(value);
      return;
    default:
      throw new Error(`invalid field key ${key}`);
  }
}

function driverOption(text: string): Record<string, string> {
  const [key, value] = splitPair(text);
  if (!text.includes("=") || key === "") {
    throw new Error("invalid key value pair format in driver options");
  }
  return { [key.trim().toLowerCase()]: value.trim() };
}

/** Flags of `run` that speak of the first network. */
export interface FirstNetworkFlags {
  aliases: readonly string[];
  links: readonly string[];
  ipv4: string;
  ipv6: string;
  linkLocal: readonly string[];
  macAddress: string;
}

/** Networks with an own name, where aliases and links mean something. */
export function isUserDefined(network: string): boolean {
  return (
    !["default", "bridge", "host", "none"].includes(network) && !network.startsWith("container:")
  );
}

/** The endpoints of a container to be created, and its network mode. */
export function resolveEndpoints(
  attachments: readonly NetworkAttachment[],
  first: FirstNetworkFlags,
): { mode: string; endpoints: Record<string, Partial<EndpointSettings>> } {
  const wanted = attachments.length === 0 ? [newAttachment("default")] : attachments;
  const endpoints: Record<string, Partial<EndpointSettings>> = {};
  for (const [index, attachment] of wanted.entries()) {
    const { target } = attachment;
    if (Object.hasOwn(endpoints, target)) {
      throw new Error(`network "${target}" is specified multiple times`);
    }
    endpoints[target] = toEndpoint(index === 0 ? mergeFirst(attachment, first) : attachment);
  }
  const names = Object.keys(endpoints);
  if (names.some(isUserDefined) && !names.every(isUserDefined)) {
    throw new Error(
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    );
  }
  return { mode: wanted[0]?.target ?? "default", endpoints };
}

function mergeFirst(attachment: NetworkAttachment, first: FirstNetworkFlags): NetworkAttachment {
  const conflict = (flag: string, setting: string): Error =>
    new Error(`conflicting options: cannot specify both ${flag} and per-network ${setting}`);
  const merged = { ...attachment };
  if (first.aliases.length > 0) {
    if (merged.aliases.length > 0) throw conflict("--network-alias", "alias");
    merged.aliases = [...first.aliases];
  }
  if (first.links.length > 0 && isUserDefined(merged.target)) merged.links = [...first.links];
  if (first.ipv4 !== "") {
    if (merged.ipv4 !== "") throw conflict("--ip", "IPv4 address");
    merged.ipv4 = first.ipv4;
  }
  if (first.ipv6 !== "") {
    if (merged.ipv6 !== "") throw conflict("--ip6", "IPv6 address");
    merged.ipv6 = first.ipv6;
  }
  if (first.linkLocal.length > 0) {
    if (merged.linkLocal.length > 0) throw conflict("--link-local-ip", "link-local IP addresses");
    merged.linkLocal = [...first.linkLocal];
  }
  if (first.macAddress !== "") {
    if (merged.macAddress !== "") throw conflict("--mac-address", "MAC address");
    merged.macAddress = first.macAddress;
  }
  return merged;
}

function toEndpoint(attachment: NetworkAttachment): Partial<EndpointSettings> {
  const { target, aliases, links, ipv4, ipv6, linkLocal, macAddress } = attachment;
  if (target.trim() === "") throw new Error("no name set for network");
  if (!isUserDefined(target) && aliases.length > 0) {
    throw new Error("network-scoped aliases are only supported for user-defined networks");
  }
  if (macAddress !== "") checkMacAddress(macAddress);
  const hasAddress = ipv4 !== "" || ipv6 !== "" || linkLocal.length > 0;
  return {
    IPAMConfig: hasAddress
      ? {
          ...(ipv4 === "" ? {} : { IPv4Address: ipv4 }),
          ...(ipv6 === "" ? {} : { IPv6Address: ipv6 }),
          ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
        }
      : null,
    Links: links.length === 0 ? null : links,
    Aliases: aliases.length === 0 ? null : aliases,
    MacAddress: macAddress,
    DriverOpts:
      Object.keys(attachment.driverOptions).length === 0 ? null : attachment.driverOptions,
    GwPriority: attachment.gatewayPriority,
  };
}

/** Throws where the text is no MAC address; what it is written with does not matter. */
export function checkMacAddress(text: string): void {
  const groups =
    /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4,18}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2,9}[0-9a-f]{4})$/i;
  if (!groups.test(text)) throw new Error(`${text} is not a valid mac address`);
}
