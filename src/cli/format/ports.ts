import type { PortSummary } from "../../spec/index.ts";

interface PortGroup {
  address: string;
  type: string;
  first: number;
  last: number;
}

/** `0.0.0.0:80->80/tcp, 443/tcp`: neighbouring ports that map to themselves are one range. */
export function displayPorts(ports: readonly PortSummary[]): string {
  const groups = new Map<string, PortGroup>();
  const finished: PortGroup[] = [];
  const mapped: string[] = [];
  for (const { IP = "", PrivatePort, PublicPort = 0, Type } of [...ports].sort(comparePorts)) {
    if (IP !== "" && PublicPort !== PrivatePort) {
      mapped.push(`${joinHostPort(IP, PublicPort)}->${PrivatePort}/${Type}`);
      continue;
    }
    const key = IP === "" ? Type : `${IP}/${Type}`;
    const group = groups.get(key);
    if (group !== undefined && PrivatePort === group.last + 1) {
      group.last = PrivatePort;
      continue;
    }
    if (group !== undefined) finished.push({ ...group });
    groups.set(key, { address: IP, type: Type, first: PrivatePort, last: PrivatePort });
  }
  return [...[...finished, ...groups.values()].map(groupText), ...mapped].join(", ");
}

function groupText({ address, type, first, last }: PortGroup): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  return address === "" ? `${range}/${type}` : `${joinHostPort(address, range)}->${range}/${type}`;
}

/** IPv6 addresses stand in brackets. */
export function joinHostPort(host: string, port: string | number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function comparePorts(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? "", b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
