import type {
  Filters,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
  NetworkListOptions,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { connectNetwork } from "./connect-network.ts";
import { disconnectNetwork } from "./disconnect-network.ts";
import { listNetworks } from "./list-networks.ts";
import { pruneNetworks } from "./prune-networks.ts";

/** What routers call for networks. */
export function networkVerbs(context: EngineContext) {
  const { networks } = context;
  return {
    list: (options: NetworkListOptions) => listNetworks(context, options),
    inspect: async (ref: string) => networks.inspect(ref),
    create: (request: NetworkCreateRequest) => networks.create(request),
    remove: (ref: string) => networks.remove(ref),
    connect: (ref: string, request: NetworkConnectRequest) => connectNetwork(context, ref, request),
    disconnect: (ref: string, request: NetworkDisconnectRequest) =>
      disconnectNetwork(context, ref, request),
    check: (options: { repair: boolean }) => networks.check(options),
    prune: (filters: Filters) => pruneNetworks(context, filters),
  };
}
