import { LocalNetworkService } from "./local-network-service.ts";
import type { NetworkService, NetworkServiceOptions } from "./network-service.ts";

export type { ClusterHost } from "../cluster/index.ts";
export { isOnBridge } from "./bridge-addresses.ts";
export type { UpstreamServer, UpstreamSettings } from "./dns/named-sandbox.ts";
export { emptyNetworkSettings, isPredefined } from "./endpoint-settings.ts";
export type * from "./network-record.ts";
export type * from "./network-service.ts";
export type { ClusterOptions } from "./overlay/overlay-driver.ts";

/** Nothing touches the kernel before `start`. */
export function createNetworkService(options: NetworkServiceOptions): NetworkService {
  return new LocalNetworkService(options);
}
