/** Engine API wire types for the system, events and volumes. */
import type { VolumeStatus } from "./volume.ts";

export interface EventActor {
  ID: string;
  Attributes: Record<string, string>;
}
export interface EventMessage {
  Type: "container" | "image" | "network" | "volume" | "daemon" | "builder" | "plugin";
  Action: string;
  Actor: EventActor;
  scope: "local" | "swarm";
  /** Seconds since the epoch. */
  time: number;
  timeNano: number;
  /** Old spellings, sent for containers and images. */
  status?: string;
  id?: string;
  from?: string;
}

export interface VersionComponent {
  Name: string;
  Version: string;
  Details?: Record<string, string>;
}
export interface SystemVersion {
  Platform: { Name: string };
  Components: VersionComponent[];
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  /** Docker's clients print it; Berth answers the TypeScript runtime here. */
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
  Experimental?: boolean;
  BuildTime: string;
}

export interface RuntimeInfo {
  path: string;
  status?: Record<string, string>;
}

export interface SystemInfo {
  ID: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  DriverStatus: [string, string][];
  DockerRootDir: string;
  Plugins: { Volume: string[]; Network: string[]; Authorization: string[] | null; Log: string[] };
  MemoryLimit: boolean;
  SwapLimit: boolean;
  CpuCfsPeriod: boolean;
  CpuCfsQuota: boolean;
  CPUShares: boolean;
  CPUSet: boolean;
  PidsLimit: boolean;
  OomKillDisable: boolean;
  IPv4Forwarding: boolean;
  Debug: boolean;
  NFd: number;
  NGoroutines: number;
  SystemTime: string;
  LoggingDriver: string;
  CgroupDriver: string;
  CgroupVersion: "1" | "2";
  NEventsListener: number;
  KernelVersion: string;
  OperatingSystem: string;
  OSVersion: string;
  OSType: string;
  Architecture: string;
  NCPU: number;
  /** Bytes. */
  MemTotal: number;
  IndexServerAddress: string;
  RegistryConfig: {
    IndexConfigs: Record<
      string,
      { Name: string; Mirrors: string[]; Secure: boolean; Official: boolean }
    >;
    InsecureRegistryCIDRs: string[];
    Mirrors: string[];
  };
  GenericResources: null;
  HttpProxy: string;
  HttpsProxy: string;
  NoProxy: string;
  Name: string;
  Labels: string[];
  ExperimentalBuild: boolean;
  ServerVersion: string;
  Runtimes: Record<string, RuntimeInfo>;
  DefaultRuntime: string;
  Swarm: {
    NodeID: string;
    NodeAddr: string;
    LocalNodeState: "inactive";
    ControlAvailable: boolean;
    Error: string;
    RemoteManagers: null;
  };
  LiveRestoreEnabled: boolean;
  Isolation: string;
  InitBinary: string;
  ContainerdCommit: { ID: string };
  RuncCommit: { ID: string };
  InitCommit: { ID: string };
  SecurityOptions: string[];
  DefaultAddressPools?: { Base: string; Size: number }[];
  /** Since API 1.49. */
  FirewallBackend: { Driver: string; Info?: [string, string][] };
  /** Directories of device descriptions (CDI), which Berth does not read. */
  CDISpecDirs: string[];
  Warnings: string[] | null;
}

export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  /** The driver's; `Berth` is what the engine adds. */
  Status?: Record<string, unknown> & { Berth?: VolumeStatus };
  Labels: Record<string, string> | null;
  Scope: "local" | "global";
  Options: Record<string, string> | null;
  UsageData?: { Size: number; RefCount: number };
}
export interface VolumeCreateRequest {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}
export interface VolumeList {
  Volumes: Volume[];
  Warnings: string[] | null;
}
export interface VolumePruneReport {
  VolumesDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** A plugin that the engine installed (`GET /plugins`), as far as lists show it. */
export interface EnginePlugin {
  Id?: string;
  Name: string;
  Enabled: boolean;
  Config: { Description: string };
  PluginReference?: string;
}
