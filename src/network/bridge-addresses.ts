import type { Network } from "../spec/index.ts";
import { contains, parseCidr, parseIp } from "./prefix.ts";

/**
 * Is it an address out of a subnet of ours behind a bridge, a container's that is? On macvlan and ipvlan the
 * subnet is the host's own network, and tells nothing.
 */
export function isOnBridge(networks: readonly Network[], text: string): boolean {
  // An IPv4 address as a socket for both families tells it.
  const address = parseIp(text.replace(/^::ffff:(?=[\d.]+$)/, ""));
  if (address === undefined) return false;
  return networks.some(
    ({ Driver, IPAM }) =>
      Driver === "bridge" &&
      (IPAM.Config ?? []).some(({ Subnet = "", Gateway = "" }) => {
        const prefix = parseCidr(Subnet)?.prefix;
        if (prefix === undefined || prefix.family !== address.family) return false;
        // The gateway's address is the host's own.
        return contains(prefix, address) && parseIp(Gateway)?.value !== address.value;
      }),
  );
}
