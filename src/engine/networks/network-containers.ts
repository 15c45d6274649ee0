import type { EndpointSettings } from "../../spec/index.ts";

/** What the network verbs need to know of containers. */
export interface NetworkContainers {
  /** `not-found` with Docker's message for an unknown one. `ref` is an id, a prefix of one, or a name. */
  find(ref: string): ConnectableContainer;
  /** Stores the container's wishes for one network, for its next start; null takes the network away. */
  putEndpoint(id: string, network: string, endpoint: Partial<EndpointSettings> | null): void;
}

export interface ConnectableContainer {
  id: string;
  /** Without a slash. */
  name: string;
  running: boolean;
  /** HostConfig.NetworkMode. */
  networkMode: string;
  /** Network name → what is stored of it. */
  endpoints: Record<string, Partial<EndpointSettings>>;
}
