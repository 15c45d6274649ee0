import type { NetworkService, NetworkServiceOptions } from "./network-service.ts";

export type * from "./network-record.ts";
export type * from "./network-service.ts";

/** Nothing touches the kernel before `start`. */
export function createNetworkService(_options: NetworkServiceOptions): NetworkService {
  throw new Error("not built yet");
}
