import { networkInterfaces } from "node:os";
import { EngineError, invalidArgument } from "../../spec/index.ts";
import { networkOption } from "../network-options.ts";
import type { NetworkRecord } from "../network-record.ts";
import type { AddressPool } from "../network-service.ts";

/** Where subnets of overlay networks come from that nobody asked for, as Docker's. */
export const OVERLAY_POOLS: readonly AddressPool[] = [{ base: "10.0.0.0/8", size: 24 }];

/** Bytes that a frame grows by on its way: Ethernet, VXLAN, UDP and IP (RFC 7348). */
const OVERHEAD = { 4: 50, 6: 70 } as const;
const SMALLEST_IPV6_MTU = 1280;

export const NO_CLUSTER =
  "overlay networks span hosts, which needs a store that they share: start the daemon with --cluster-store etcd://HOST:2379 and --cluster-advertise ADDRESS";

export const NOT_IN_CLUSTER =
  "this daemon is in no cluster: start it with --cluster-store etcd://HOST:2379 and --cluster-advertise ADDRESS";

export const isOverlay = ({ driver }: Pick<NetworkRecord, "driver">): boolean =>
  driver === "overlay";

/** Link names of a network's bridge and VXLAN device: at most 15 characters. */
export const overlayDevice = (vni: number): string => `ov-${vni}`;
export const vxlanDevice = ({ overlay }: NetworkRecord): string => `vx-${overlay?.vni ?? 0}`;

/** What fits through the network between the hosts, from the link that has the host's address. */
export function overlayMtu(network: NetworkRecord, hostMtu: number, address: string): number {
  const wish = Number(networkOption(network, "driver.mtu"));
  if (Number.isInteger(wish) && wish >= 68) return wish;
  const mtu = hostMtu - OVERHEAD[address.includes(":") ? 6 : 4];
  return network.ipv6 === undefined ? mtu : Math.max(mtu, SMALLEST_IPV6_MTU);
}

/** Does this host have the address? One that it does not have cannot be where others reach it. */
export const hasAddress = (address: string): boolean =>
  Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));

/** @throws for options that an overlay network cannot have */
export function checkOverlayOptions({ name, options }: NetworkRecord): void {
  if ("encrypted" in options) {
    throw new EngineError(
      "failed-precondition",
      `Cannot create network "${name}": packets between hosts are not encrypted by the overlay driver; leave out "--opt encrypted" and use a network between the hosts that encrypts, WireGuard for example`,
    );
  }
  const mtu = options["com.docker.network.driver.mtu"];
  if (mtu !== undefined && !(/^\d+$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65485)) {
    throw invalidArgument(
      `invalid MTU ${JSON.stringify(mtu)}: a number from 68 to 65485 is needed`,
    );
  }
}
