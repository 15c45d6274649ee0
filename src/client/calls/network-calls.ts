import {
  type ClusterNode,
  encodeFilters,
  type Filters,
  type Network,
  type NetworkCheckReport,
  type NetworkConnectRequest,
  type NetworkCreateRequest,
  type NetworkCreateResponse,
  type NetworkDisconnectRequest,
  type NetworkInspectOptions,
  type NetworkListOptions,
  type NetworkPruneReport,
} from "../../spec/index.ts";
import type { HttpTransport } from "../http-transport.ts";

/** `/networks`. `ref` is an id, a unique prefix of one, or a name. */
export class NetworkCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  list(options: Partial<NetworkListOptions> = {}): Promise<Network[]> {
    const query = { filters: encodeFilters(options.filters) };
    return this.#transport.json("GET", "/networks", { query });
  }

  inspect(ref: string, options: Partial<NetworkInspectOptions> = {}): Promise<Network> {
    const query = { verbose: options.verbose, scope: options.scope };
    return this.#transport.json("GET", path(ref), { query });
  }

  create(request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
    return this.#transport.json("POST", "/networks/create", { json: request });
  }

  remove(ref: string): Promise<void> {
    return this.#transport.send("DELETE", path(ref));
  }

  connect(ref: string, request: NetworkConnectRequest): Promise<void> {
    return this.#transport.send("POST", `${path(ref)}/connect`, { json: request });
  }

  disconnect(ref: string, request: NetworkDisconnectRequest): Promise<void> {
    return this.#transport.send("POST", `${path(ref)}/disconnect`, { json: request });
  }

  /** Berth's own: tells, or mends, where the kernel is not as the engine's records want it. */
  check({ repair }: { repair: boolean }): Promise<NetworkCheckReport> {
    return this.#transport.json(repair ? "POST" : "GET", "/berth/networks/check");
  }

  /** Berth's own: the hosts of the cluster. */
  nodes(): Promise<ClusterNode[]> {
    return this.#transport.json("GET", "/berth/nodes");
  }

  prune(filters?: Filters): Promise<NetworkPruneReport> {
    const query = { filters: encodeFilters(filters) };
    return this.#transport.json("POST", "/networks/prune", { query });
  }
}

function path(ref: string): string {
  return `/networks/${encodeURIComponent(ref)}`;
}
