export const LOG_DRIVERS = ["local", "json-file", "none", "syslog", "journald"] as const;
export type LogDriver = (typeof LOG_DRIVERS)[number];

/** What a container's log says about the container, and what tag templates can name. */
export interface LogIdentity {
  containerId: string;
  /** Without the leading slash. */
  containerName: string;
  imageId: string;
  imageName: string;
  /** RFC 3339. */
  created: string;
  /** The container's command line, for `{{.Command}}`. */
  entrypoint: string;
  args: string[];
  /** `K=V`. */
  env: string[];
  labels: Record<string, string>;
  /** The daemon's name, for `{{.DaemonName}}`. Default: `berth`. */
  daemonName?: string;
}

export interface LogConfiguration {
  driver: LogDriver;
  /** The container's directory below the data root; log files stand in it. */
  directory: string;
  /** `--log-opt`, validated by `validateLogOptions`. */
  options: Record<string, string>;
  identity: LogIdentity;
}
