/** Query options and small bodies of the Engine API's network and volume calls. */
import type { Filters } from "./filters.ts";
import type { EndpointSettings } from "./network.ts";

export interface NetworkListOptions {
  /** Keys: dangling driver id label name scope type. */
  filters: Filters;
  /** Tell who is in them, too. */
  containers?: boolean;
}

export interface NetworkInspectOptions {
  verbose: boolean;
  scope?: string;
}

export interface NetworkConnectRequest {
  Container: string;
  EndpointConfig?: Partial<EndpointSettings> | null;
}

export interface NetworkDisconnectRequest {
  Container: string;
  Force: boolean;
}

export interface NetworkPruneReport {
  NetworksDeleted: string[] | null;
}

export interface VolumeListOptions {
  /** Keys: dangling driver label name. */
  filters: Filters;
}

export interface VolumeRemoveOptions {
  /** An unknown volume is no error. */
  force: boolean;
  /** Berth's own: delete at once instead of moving to the trash. */
  now?: boolean;
}
