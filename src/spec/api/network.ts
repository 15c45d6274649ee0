/** Engine API wire types for networks. */
export interface EndpointIpamConfig {
  IPv4Address?: string;
  IPv6Address?: string;
  LinkLocalIPs?: string[];
}

export interface EndpointSettings {
  IPAMConfig: EndpointIpamConfig | null;
  Links: string[] | null;
  Aliases: string[] | null;
  MacAddress: string;
  DriverOpts: Record<string, string> | null;
  GwPriority: number;
  NetworkID: string;
  EndpointID: string;
  Gateway: string;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  DNSNames: string[] | null;
}

export interface IpamPool {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}
export interface Ipam {
  Driver: string;
  Options: Record<string, string> | null;
  Config: IpamPool[] | null;
}

export interface NetworkContainer {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
}

export interface Network {
  Name: string;
  Id: string;
  /** RFC 3339. */
  Created: string;
  Scope: "local" | "swarm" | "global";
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: Ipam;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  /** Container id → endpoint; only in `inspect`. */
  Containers: Record<string, NetworkContainer>;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
  /** Of overlay networks: the hosts that have containers in it. */
  Peers?: { Name: string; IP: string }[];
  /** Of overlay networks, with `verbose`: every endpoint by its container's name. */
  Services?: Record<string, NetworkServiceInfo>;
}

export interface NetworkServiceInfo {
  VIP: string;
  Ports: string[];
  LocalLBIndex: number;
  Tasks: { Name: string; EndpointID: string; EndpointIP: string; Info: Record<string, string> }[];
}

/** A host of the cluster, as `GET /cluster/nodes` shows it. */
export interface ClusterNode {
  ID: string;
  Hostname: string;
  /** Where other hosts reach it, with the UDP port of VXLAN. */
  Address: string;
  EngineVersion: string;
  /** RFC 3339. */
  Started: string;
  /** Seconds for which it is believed to be there without a sign. */
  Lease: number;
}

/** `Status` of an inspected network, since API 1.52. Counts saturate at 2^64 - 1, as Docker's do. */
export interface NetworkStatus {
  IPAM: { Subnets: Record<string, SubnetStatus> };
}
export interface SubnetStatus {
  /** Addresses that are in use or reserved. */
  IPsInUse: number;
  /** Addresses that can still be given out. */
  DynamicIPsAvailable: number;
}

export interface NetworkCreateRequest {
  Name: string;
  CheckDuplicate?: boolean;
  Driver?: string;
  Scope?: string;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network: string };
  IPAM?: Partial<Ipam>;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}
export interface NetworkCreateResponse {
  Id: string;
  Warning: string;
}

/** Something that the kernel or the port relay has otherwise than the store wants it. */
export interface NetworkDrift {
  Kind: "network" | "endpoint" | "address" | "rules" | "port" | "names" | "setting";
  /** A sentence, without its full stop. */
  Problem: string;
}

/** Berth's own: `GET /berth/networks/check`, and `POST`, which repairs. */
export interface NetworkCheckReport {
  Found: NetworkDrift[];
  /** What is so still, after the repair. */
  Remaining: NetworkDrift[];
}
