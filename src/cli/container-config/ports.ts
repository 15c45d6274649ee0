import type { PortBinding, PortMap, PortSet } from "../../spec/index.ts";
import { isIpAddress } from "./ip-address.ts";

export interface PortSettings {
  exposed: PortSet;
  bindings: PortMap;
}

interface PortRange {
  start: number;
  end: number;
}

/**
 * `--publish` and `--expose` as the API takes them. Every published port is exposed too.
 *
 * @param publish `[[ip:]hostPort:]containerPort[/protocol]`, with ranges, or the long form
 *   `target=80,published=8080,protocol=udp`.
 * @param expose `port[-port][/protocol]`.
 */
export function parsePorts(publish: readonly string[], expose: readonly string[]): PortSettings {
  const settings: PortSettings = { exposed: {}, bindings: {} };
  for (const spec of publish) {
    for (const [port, binding] of parsePublish(shortForm(spec))) {
      settings.exposed[port] ??= {};
      settings.bindings[port] = [...(settings.bindings[port] ?? []), binding];
    }
  }
  for (const spec of expose) {
    for (const port of parseExpose(spec)) settings.exposed[port] ??= {};
  }
  return settings;
}

function shortForm(spec: string): string {
  const fields: Record<string, string> = { protocol: "tcp" };
  for (const field of spec.split(",")) {
    const equals = field.indexOf("=");
    if (equals <= 0) return spec;
    fields[field.slice(0, equals)] = field.slice(equals + 1);
  }
  return `${fields["published"] ?? ""}:${fields["target"] ?? ""}/${fields["protocol"]}`;
}

function parsePublish(spec: string): [string, PortBinding][] {
  const parts = spec.split(":");
  const containerPart = parts.pop() ?? "";
  const hostPart = parts.pop() ?? "";
  const address = parseAddress(parts.join(":"));
  const [port, protocol] = splitProtocol(containerPart);
  if (port === "") throw new Error(`no port specified: ${spec}<empty>`);
  const inside = parseRange(port, () => new Error(`invalid containerPort: ${port}`));
  const outside =
    hostPart === ""
      ? undefined
      : parseRange(hostPart, () => new Error(`invalid hostPort: ${hostPart}`));
  const count = inside.end - inside.start;
  if (outside !== undefined && outside.end - outside.start !== count && count > 0) {
    throw new Error(
      `invalid ranges specified for container and host Ports: ${port} and ${hostPart}`,
    );
  }
  if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) {
    throw new Error(`invalid proto: ${protocol}`);
  }
  return Array.from({ length: count + 1 }, (_, index) => [
    `${inside.start + index}/${protocol.toLowerCase()}`,
    { HostIp: address, HostPort: hostPort(outside, count, index) },
  ]);
}

/** One port of the host for each of the container's; a range for a single one lets the daemon choose. */
function hostPort(outside: PortRange | undefined, count: number, index: number): string {
  if (outside === undefined) return "";
  if (count === 0 && outside.end > outside.start) return `${outside.start}-${outside.end}`;
  return String(outside.start + index);
}

function parseAddress(text: string): string {
  if (text === "") return "";
  if (text.startsWith("[") && !text.endsWith("]")) {
    throw new Error(`invalid IP address ${text}: address ${text}:: missing ']' in address`);
  }
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (!isIpAddress(address)) throw new Error(`invalid IP address: ${address}`);
  return address;
}

function splitProtocol(text: string): [port: string, protocol: string] {
  const [port = "", protocol = ""] = text.split("/");
  return [port, protocol === "" ? "tcp" : protocol];
}

function parseRange(text: string, invalid: () => Error): PortRange {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const start = Number(match?.[1] ?? Number.NaN);
  const end = Number(match?.[2] ?? start);
  if (!(start <= end && end <= 65535)) throw invalid();
  return { start, end };
}

function parseExpose(spec: string): string[] {
  if (spec.includes(":")) throw new Error(`invalid port format for --expose: ${spec}`);
  const [port, protocol] = splitProtocol(spec);
  const { start, end } = parseRange(port, () => {
    const why = exposeProblem(port);
    return new Error(`invalid range format for --expose: ${spec}, error: ${why}`);
  });
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${protocol}`);
}

function exposeProblem(port: string): string {
  if (port === "") return "empty string specified for ports";
  for (const part of port.split("-")) {
    if (!/^\d+$/.test(part)) return `strconv.ParseUint: parsing "${part}": invalid syntax`;
    if (Number(part) > 65535) return `strconv.ParseUint: parsing "${part}": value out of range`;
  }
  return `invalid range specified for port: ${port}`;
}
