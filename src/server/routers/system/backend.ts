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
  /**
   * Resolves when the containers have ended, if they are to. The daemon ends when the result is called: after
   * the answer has gone out.
   */
  stop(request: EngineStopRequest): Promise<() => void>;
}
