import {
  type AuthResponse,
  type DiskUsage,
  type DiskUsageType,
  type EnginePlugin,
  type EngineStopRequest,
  type EventMessage,
  type EventsOptions,
  encodeFilters,
  type Filters,
  formatTimestamp,
  type PingInfo,
  type RegistryAuth,
  type SystemInfo,
  type SystemVersion,
} from "../../spec/index.ts";
import type { HttpTransport } from "../http-transport.ts";

/** The daemon itself. */
export class SystemCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  async ping(): Promise<PingInfo> {
    const { headers } = await this.#transport.request("HEAD", "/_ping");
    const builder = headers.get("builder-version") ?? "";
    return {
      ApiVersion: headers.get("api-version") ?? "",
      OSType: headers.get("ostype") ?? "",
      Experimental: headers.get("docker-experimental") === "true",
      BuilderVersion: builder === "1" || builder === "2" ? builder : "",
      SwarmStatus: headers.get("swarm") ?? "",
    };
  }

  version(): Promise<SystemVersion> {
    return this.#transport.json("GET", "/version");
  }

  info(): Promise<SystemInfo> {
    return this.#transport.json("GET", "/info");
  }

  /** Resolves once the daemon listens: what happens afterwards is not missed. */
  events(
    options: Partial<EventsOptions> = {},
    signal?: AbortSignal,
  ): Promise<AsyncIterable<EventMessage>> {
    const { since, until, filters } = options;
    const query = {
      since: since === undefined ? undefined : formatTimestamp(since),
      until: until === undefined ? undefined : formatTimestamp(until),
      filters: encodeFilters(filters),
    };
    return this.#transport.lines("GET", "/events", { query, signal });
  }

  diskUsage(types: readonly DiskUsageType[] = []): Promise<DiskUsage> {
    return this.#transport.json("GET", "/system/df", { query: { type: types } });
  }

  /** Checks credentials with their registry. */
  auth(credentials: RegistryAuth): Promise<AuthResponse> {
    return this.#transport.json("POST", "/auth", { json: credentials });
  }

  /** Plugins that the engine installed. */
  plugins(filters: Filters = {}): Promise<EnginePlugin[]> {
    return this.#transport.json("GET", "/plugins", { query: { filters: encodeFilters(filters) } });
  }

  /** A call of which only the refusal matters, below any path; its answer is dropped. */
  ask({ method, path, json }: { method: string; path: string; json?: unknown }): Promise<void> {
    return this.#transport.send(method, path, json === undefined ? {} : { json });
  }

  /** Ends a Berth daemon. */
  stop(request: EngineStopRequest): Promise<void> {
    return this.#transport.send("POST", "/berth/stop", { json: request });
  }
}
