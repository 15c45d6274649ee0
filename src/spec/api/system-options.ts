/** Query options and answers of the Engine API's system calls. */
import type { ContainerSummary } from "./container.ts";
import type { Nanoseconds } from "./container-options.ts";
import type { Filters } from "./filters.ts";
import type { ImageSummary } from "./image.ts";
import type { Volume } from "./system.ts";

export interface EventsOptions {
  /** Events of the past from here on. */
  since?: Nanoseconds;
  /** The stream ends here; undefined: never. */
  until?: Nanoseconds;
  /** Keys: config container daemon event image label network node plugin scope secret service type volume. */
  filters: Filters;
}

export type DiskUsageType = "container" | "image" | "volume" | "build-cache";

export interface DiskUsageOptions {
  types: ReadonlySet<DiskUsageType>;
  /** Put the lists into the sums, too. */
  verbose: boolean;
}

export interface BuildCacheRecord {
  ID: string;
  Parents?: string[];
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
  UsageCount: number;
}

/** What one kind of thing takes; `Items` where the list is asked for. Sizes in bytes. */
export interface UsageSum<Item> {
  ActiveCount: number;
  TotalCount: number;
  Reclaimable: number;
  TotalSize: number;
  Items?: Item[];
}

/** Lists of types that were not asked for are null, their sums are left out. */
export interface DiskUsage {
  /** Bytes of all layers, shared ones counted once. */
  LayersSize?: number;
  Images: ImageSummary[] | null;
  Containers: ContainerSummary[] | null;
  Volumes: Volume[] | null;
  BuildCache: BuildCacheRecord[] | null;
  ImageUsage?: UsageSum<ImageSummary>;
  ContainerUsage?: UsageSum<ContainerSummary>;
  VolumeUsage?: UsageSum<Volume>;
  BuildCacheUsage?: UsageSum<BuildCacheRecord>;
}

/** What a ping answers in its headers. */
export interface PingInfo {
  ApiVersion: string;
  OSType: string;
  Experimental: boolean;
  /** `1`: the classic builder, `2`: BuildKit; empty: none. */
  BuilderVersion: "" | "1" | "2";
  SwarmStatus: string;
}

export interface AuthResponse {
  Status: string;
  IdentityToken: string;
}

/** Body of `POST /berth/stop` (Berth's own): ends the daemon, and its containers if asked to. */
export interface EngineStopRequest {
  containers: boolean;
}
