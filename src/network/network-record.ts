import type { EndpointSettings, Ipam } from "../spec/index.ts";
import type { Collection } from "../store/index.ts";
import type { UpstreamSettings } from "./dns/named-sandbox.ts";

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
  driver: "bridge" | "host" | "null" | "macvlan" | "ipvlan" | "overlay";
  /** RFC 3339. */
  created: string;
  /** The bridge's link name. */
  device?: string;
  /** Of macvlan and ipvlan: the link that the containers' links are children of. */
  parent?: ParentLink;
  /** Of overlay networks: the VXLAN network identifier, the same on every host. */
  overlay?: { vni: number };
  /** A set of settings for others to take (`--config-from`); nobody can join it. */
  configOnly?: boolean;
  /** The network that its settings were taken from. */
  configFrom?: string;
  ipv4?: SubnetRecord;
  ipv6?: SubnetRecord;
  internal: boolean;
  attachable: boolean;
  /** As they were asked for, for `inspect`. */
  ipam: Ipam;
  options: Record<string, string>;
  labels: Record<string, string>;
}

export interface ParentLink {
  device: string;
  /** We have made it: an isolated link, or a VLAN's. It goes with the network. */
  own?: "isolated" | "vlan";
}

/** A port of a container and where the host answers for it. */
export interface PublishedPort {
  protocol: "tcp" | "udp" | "sctp";
  containerPort: number;
  hostIp: string;
  /** 0: the container's own address is reached, without translation (gateway mode `routed`). */
  hostPort: number;
}

/** A port of a container that is to be published, at the same host port of all addresses. */
export interface PortRequest {
  protocol: "tcp" | "udp" | "sctp";
  containerPort: number;
  /** Empty: every address of the host. */
  hostIp: string;
  /** Both 0: any free port. Else the first free one of the range. */
  first: number;
  last: number;
  /** The port that it was given before and keeps. */
  kept?: number;
}

/** A container's place in one network while it runs. */
export interface EndpointRecord {
  id: string;
  networkId: string;
  /** Link name inside of the container: `eth0`; empty where there is no link. */
  device: string;
  /** Link name on the host. */
  hostDevice: string;
  macAddress: string;
  ipv4?: string;
  ipv6?: string;
  /** What was asked for, as `inspect` shows it again. */
  wishes: Partial<EndpointSettings>;
  dnsNames: string[];
  /** The way to the outside of a container in overlay networks: nobody has asked for it. */
  gateway?: boolean;
}

/** A running container's network namespace; it is written before the first change of the kernel. */
export interface SandboxRecord {
  id: string;
  containerId: string;
  containerName: string;
  hostname: string;
  /** `host` has no namespace of its own. */
  mode: "own" | "host";
  endpoints: EndpointRecord[];
  portRequests: PortRequest[];
  /** `80/tcp`: what is exposed, published or not. */
  exposed: string[];
  /** Its health check fails. */
  unhealthy?: boolean;
  /** Where the published ports lead to. */
  publisher?: { endpointId: string; bridge: string };
  published: PublishedPort[];
  /** Its links are being changed: what a daemon that died meanwhile has left half done is mended. */
  unsettled?: boolean;
  /** Where questions go that no container's name answers. */
  upstream?: UpstreamSettings;
}

/** Where the network domain keeps what it knows. */
export interface NetworkRecords {
  readonly networks: Collection<NetworkRecord>;
  /** By container id. */
  readonly sandboxes: Collection<SandboxRecord>;
}
