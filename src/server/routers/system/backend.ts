import type {
  AuthResponse,
  DiskUsage,
  DiskUsageOptions,
  EngineStopRequest,
  EventMessage,
  EventsOptions,
  PingInfo,
  RegistryAuth,
  SystemInfo,
  SystemVersion,
} from "../../../spec/index.ts";

/** What the system routes need of the engine. */
export interface SystemBackend {
  /** Asked on every ping: cheap, never fails. */
  ping(): PingInfo;
  version(): Promise<SystemVersion>;
  info(): Promise<SystemInfo>;
  /** Subscribed before this resolves: nothing that happens afterwards is missed. */
  events(options: EventsOptions, signal: AbortSignal): Promise<AsyncIterable<EventMessage>>;
  diskUsage(options: DiskUsageOptions): Promise<DiskUsage>;
  /** Logs in to a registry; `unauthenticated` when it refuses. */
  auth(credentials: RegistryAuth): Promise<AuthResponse>;
  /** The answer goes out before the daemon ends. */
  stop(request: EngineStopRequest): Promise<void>;
}
