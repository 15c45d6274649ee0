import type { VxlanPeer } from "../../linux/netlink/index.ts";

/** A container's place in an overlay network, as every host of the cluster sees it. */
export interface OverlayEndpoint {
  id: string;
  networkId: string;
  containerId: string;
  containerName: string;
  /** Names that others know it by; the first one is its own. */
  names: string[];
  /** `80/tcp`. */
  exposed: string[];
  macAddress: string;
  ipv4?: string;
  ipv6?: string;
  hostId: string;
  hostName: string;
  /** Where its host takes packets for it. */
  host: string;
  port: number;
  /** Its health check fails: names do not lead to it. */
  unhealthy?: boolean;
}

export const addressesOf = ({ ipv4, ipv6 }: Pick<OverlayEndpoint, "ipv4" | "ipv6">): string[] =>
  [ipv4, ipv6].filter((address) => address !== undefined);

export const peerOf = (endpoint: OverlayEndpoint): VxlanPeer => ({
  macAddress: endpoint.macAddress,
  addresses: addressesOf(endpoint),
  host: endpoint.host,
  port: endpoint.port,
});
