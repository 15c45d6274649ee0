/** One container's place in a network, as names see it. */
export interface NamedEndpoint {
  networkId: string;
  network: string;
  /** The first one is the container's own. Compared without regard to case. */
  names: string[];
  ipv4?: string;
  ipv6?: string;
  /** `--link`: names that this container alone knows → names of others in the network. */
  links: Record<string, string>;
}

/** A namespace that gets a name server, and what its container is called. */
export interface NamedSandbox {
  id: string;
  /** Path of the namespace; without one only a sandbox that is served already goes on. */
  namespace?: string;
  /** On another host: it has names here, and no namespace. */
  remote?: boolean;
  /** In the order in which they are searched. */
  endpoints: NamedEndpoint[];
  /** `80/tcp`: what SRV tells of. */
  exposed: string[];
  upstream: UpstreamSettings;
}

/** Where questions about everything else go. */
export interface UpstreamSettings {
  servers: UpstreamServer[];
  /** `ndots` was asked for: a name of one label stays here. */
  ndots: boolean;
}

export interface UpstreamServer {
  address: string;
  /** Asked from the host's namespace: a server on the host's loopback. */
  host: boolean;
}
