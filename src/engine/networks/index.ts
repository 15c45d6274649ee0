import type { ClusterHost } from "../../network/index.ts";
import type {
  ClusterNode,
  Filters,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
  NetworkInspectOptions,
  NetworkListOptions,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { connectNetwork } from "./connect-network.ts";
import { disconnectNetwork } from "./disconnect-network.ts";
import { listNetworks } from "./list-networks.ts";
import { pruneNetworks } from "./prune-networks.ts";

const clusterNode = ({
  id,
  name,
  address,
  port,
  version,
  started,
  ttl,
}: ClusterHost): ClusterNode => ({
  ID: id,
  Hostname: name,
  Address: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
  EngineVersion: version,
  Started: started,
  Lease: ttl,
});

/** What routers call for networks. */
export function networkVerbs(context: EngineContext) {
  const { networks } = context;
  return {
    list: (options: NetworkListOptions) => listNetworks(context, options),
    inspect: async (ref: string, { verbose }: Partial<NetworkInspectOptions> = {}) =>
      verbose === true ? await networks.inspectVerbose(ref) : networks.inspect(ref),
    nodes: async () => {
      const hosts = await networks.hosts();
      return hosts.map(clusterNode).sort((a, b) => (a.Hostname < b.Hostname ? -1 : 1));
    },
    create: (request: NetworkCreateRequest) => networks.create(request),
    remove: (ref: string) => networks.remove(ref),
    connect: (ref: string, request: NetworkConnectRequest) => connectNetwork(context, ref, request),
    disconnect: (ref: string, request: NetworkDisconnectRequest) =>
      disconnectNetwork(context, ref, request),
    check: (options: { repair: boolean }) => networks.check(options),
    prune: (filters: Filters) => pruneNetworks(context, filters),
  };
}
