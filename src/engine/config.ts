import type { LogDriver } from "../logs/index.ts";

/** The daemon's settings that the verbs follow. */
export interface EngineConfig {
  logDriver: LogDriver;
  logOptions: Readonly<Record<string, string>>;
  /** Of containers that say nothing of logs at all, in the place of `logOptions`. */
  unsaidLogOptions?: Readonly<Record<string, string>>;
  dns: readonly string[];
  dnsOptions: readonly string[];
  dnsSearch: readonly string[];
  /** What `host-gateway` in `--add-host` stands for; the default bridge's address where absent. */
  hostGatewayIp?: string;
  /** Bytes. */
  defaultShmSize: number;
  defaultUlimits: readonly { Name: string; Soft: number; Hard: number }[];
  /** Parent of every container's cgroup that names none. */
  cgroupParent: string;
  /** `--init`: run a small init as PID 1 unless a container says otherwise. */
  init: boolean;
  /** Seconds between a stop signal and SIGKILL. */
  stopTimeout: number;
  /** `KEY=VALUE`. */
  labels: readonly string[];
  liveRestore: boolean;
}
