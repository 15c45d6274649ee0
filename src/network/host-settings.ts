import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { NetworkDrift } from "../spec/index.ts";
import type { NetworkRecord } from "./network-record.ts";

const IPV4_FORWARD = "/proc/sys/net/ipv4/ip_forward";
const IPV4_CONF = "/proc/sys/net/ipv4/conf";
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

/** What keeps the host from forwarding the packets of these networks. */
export function hostSettingDrifts(
  networks: readonly Pick<NetworkRecord, "device" | "ipv4" | "ipv6">[],
): NetworkDrift[] {
  const bridges = networks.filter(({ device }) => device !== undefined);
  const off = (path: string): boolean => existsSync(path) && read(path) !== "1";
  const drift = (name: string, family: string): NetworkDrift => ({
    Kind: "setting",
    Problem: `${name} is off: containers reach nothing outside over ${family}`,
  });
  const ipv4 = bridges.some((network) => network.ipv4 !== undefined);
  const ipv6 = bridges.some((network) => network.ipv6 !== undefined);
  return [
    ...(ipv4 && off(IPV4_FORWARD) ? [drift("net.ipv4.ip_forward", "IPv4")] : []),
    ...(ipv6 && off(`${IPV6_CONF}/all/forwarding`)
      ? [drift("net.ipv6.conf.all.forwarding", "IPv6")]
      : []),
  ];
}

/** Host addresses that an empty one stands for. */
export function everyAddress(): string[] {
  return existsSync("/proc/net/if_inet6") ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

/** Bridges that are named as dockerd names its own. */
export function dockerBridges(): string[] {
  // Of this network namespace; /sys/class/net is of the one in which that was mounted.
  return readdirSync(IPV4_CONF).filter((name) => /^(docker0|br-[0-9a-f]{12})$/.test(name));
}
