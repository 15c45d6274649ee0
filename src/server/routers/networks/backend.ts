import type {
  ClusterNode,
  Filters,
  Network,
  NetworkCheckReport,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspectOptions,
  NetworkListOptions,
  NetworkPruneReport,
} from "../../../spec/index.ts";

/** What the network routes need of the engine. `ref` is an id, a unique prefix of one, or a name. */
export interface NetworkBackend {
  list(options: NetworkListOptions): Promise<Network[]>;
  inspect(ref: string, options: NetworkInspectOptions): Promise<Network>;
  /** The hosts of the cluster; `unavailable` without one. */
  nodes(): Promise<ClusterNode[]>;
  create(request: NetworkCreateRequest): Promise<NetworkCreateResponse>;
  remove(ref: string): Promise<void>;
  connect(ref: string, request: NetworkConnectRequest): Promise<void>;
  disconnect(ref: string, request: NetworkDisconnectRequest): Promise<void>;
  prune(filters: Filters): Promise<NetworkPruneReport>;
  /** Where kernel and port relay are not as the store wants them; mends that on request. */
  check(options: { repair: boolean }): Promise<NetworkCheckReport>;
}
