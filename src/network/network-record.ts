import type { Ipam, PortBinding } from "../spec/index.ts";
import type { Collection } from "../store/index.ts";

/** One address family of a network. */
export interface SubnetRecord {
  /** `172.17.0.0/16`. */
  subnet: string;
  /** The bridge's own address; containers route through it. */
  gateway: string;
  /** Where addresses are given out, when that is less than the subnet. */
  range?: string;
  /** Addresses that are never given out, by name. */
  reserved: Record<string, string>;
}

/** A network as it is persisted; `host` and `none` have neither device nor subnets. */
export interface NetworkRecord {
  id: string;
  name: string;
  driver: "bridge" | "host" | "null";
  /** RFC 3339. */
  created: string;
  /** The bridge's link name. */
  device?: string;
  ipv4?: SubnetRecord;
  ipv6?: SubnetRecord;
  internal: boolean;
  attachable: boolean;
  /** As they were asked for, for `inspect`. */
  ipam: Ipam;
  options: Record<string, string>;
  labels: Record<string, string>;
}

/** A port of a container and where the host answers for it. */
export interface PublishedPort {
  protocol: "tcp" | "udp" | "sctp";
  containerPort: number;
  hostIp: string;
  hostPort: number;
}

/** A container's place in one network while it runs; it exists from before the first kernel change on. */
export interface EndpointRecord {
  id: string;
  networkId: string;
  containerId: string;
  containerName: string;
  /** Link name inside of the container: `eth0`. */
  device: string;
  /** Link name on the host. */
  hostDevice: string;
  macAddress: string;
  ipv4?: string;
  ipv6?: string;
  aliases: string[];
  links: string[];
  dnsNames: string[];
  requestedIpv4?: string;
  requestedIpv6?: string;
  driverOptions: Record<string, string>;
  gatewayPriority: number;
  published: PublishedPort[];
}

/** A running container's network namespace. */
export interface SandboxRecord {
  id: string;
  containerId: string;
  containerName: string;
  mode: "own" | "host" | "none";
  hostname: string;
  /** What the container exposes or publishes, as `inspect` shows it. */
  ports: Record<string, PortBinding[] | null>;
}

/** Where the network domain keeps what it knows. */
export interface NetworkRecords {
  readonly networks: Collection<NetworkRecord>;
  readonly endpoints: Collection<EndpointRecord>;
  readonly sandboxes: Collection<SandboxRecord>;
  transaction<T>(work: () => T): T;
}
