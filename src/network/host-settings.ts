import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const IPV4_FORWARD = "/proc/sys/net/ipv4/ip_forward";
const IPV6_CONF = "/proc/sys/net/ipv6/conf";

const read = (path: string): string => readFileSync(path, "utf8").trim();

/** Lets the host forward IPv4 packets; it stays so, as others may have come to rely on it. */
export function enableIpv4Forwarding(): void {
  if (read(IPV4_FORWARD) !== "1") writeFileSync(IPV4_FORWARD, "1");
}

/**
 * Lets the host forward IPv6 packets. A forwarding host ignores router advertisements unless accept_ra is
 * 2 (ip-sysctl): links that lived by them keep doing so.
 */
export function enableIpv6Forwarding(): void {
  const all = `${IPV6_CONF}/all/forwarding`;
  if (!existsSync(all) || read(all) === "1") return;
  for (const link of readdirSync(IPV6_CONF)) {
    const path = `${IPV6_CONF}/${link}/accept_ra`;
    if (link !== "all" && read(path) === "1") writeFileSync(path, "2");
  }
  writeFileSync(all, "1");
}

/** Host addresses that an empty one stands for. */
export function everyAddress(): string[] {
  return existsSync("/proc/net/if_inet6") ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

/** Bridges that are named as dockerd names its own. */
export function dockerBridges(): string[] {
  return readdirSync("/sys/class/net").filter((name) => /^(docker0|br-[0-9a-f]{12})$/.test(name));
}
