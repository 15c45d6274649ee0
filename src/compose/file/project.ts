/**
 * A Compose project after reading: every short form expanded, every value of its type, every path
 * absolute. Durations are Go's text (`1m30s`), sizes decimal text in bytes. Keys are the Compose
 * Specification's own.
 */
export interface Project {
  name: string;
  services: Record<string, Service>;
  networks?: Record<string, Network>;
  volumes?: Record<string, Volume>;
  secrets?: Record<string, FileSource>;
  configs?: Record<string, FileSource>;
  models?: Record<string, unknown>;
  [extension: `x-${string}`]: unknown;
}

export interface Dependency {
  condition: "service_started" | "service_healthy" | "service_completed_successfully";
  restart?: boolean;
  required: boolean;
}

export interface Service {
  profiles?: string[];
  annotations?: Record<string, string>;
  attach?: boolean;
  build?: Build;
  develop?: { watch?: WatchRule[] };
  blkio_config?: BlkioConfig;
  cap_add?: string[];
  cap_drop?: string[];
  cgroup?: string;
  cgroup_parent?: string;
  command?: string[] | null;
  configs?: FileMount[];
  container_name?: string;
  cpu_count?: number;
  cpu_percent?: number;
  cpu_period?: number;
  cpu_quota?: number;
  cpu_rt_period?: number;
  cpu_rt_runtime?: number;
  cpu_shares?: number;
  cpus?: number;
  cpuset?: string;
  credential_spec?: Record<string, string>;
  depends_on?: Record<string, Dependency>;
  deploy?: Deploy | null;
  device_cgroup_rules?: string[];
  devices?: { source: string; target: string; permissions: string }[];
  dns?: string[];
  dns_opt?: string[];
  dns_search?: string[];
  domainname?: string;
  entrypoint?: string[] | null;
  env_file?: { path: string; required: boolean; format?: string }[];
  environment?: Record<string, string | null>;
  expose?: string[];
  external_links?: string[];
  extra_hosts?: string[];
  gpus?: unknown;
  group_add?: string[];
  healthcheck?: Healthcheck;
  hostname?: string;
  image?: string;
  init?: boolean;
  ipc?: string;
  isolation?: string;
  label_file?: string[];
  labels?: Record<string, string>;
  links?: string[];
  logging?: { driver?: string; options?: Record<string, string> };
  mac_address?: string;
  mem_limit?: string;
  mem_reservation?: string;
  mem_swappiness?: string;
  memswap_limit?: string;
  models?: Record<string, unknown>;
  network_mode?: string;
  networks?: Record<string, ServiceNetwork | null>;
  oom_kill_disable?: boolean;
  oom_score_adj?: number;
  pid?: string;
  pids_limit?: number;
  platform?: string;
  ports?: Port[];
  post_start?: Hook[];
  pre_stop?: Hook[];
  privileged?: boolean;
  provider?: unknown;
  pull_policy?: string;
  pull_refresh_after?: string;
  read_only?: boolean;
  restart?: string;
  runtime?: string;
  scale?: number;
  secrets?: FileMount[];
  security_opt?: string[];
  shm_size?: string;
  stdin_open?: boolean;
  stop_grace_period?: string;
  stop_signal?: string;
  storage_opt?: Record<string, string>;
  sysctls?: Record<string, string>;
  tmpfs?: string[];
  tty?: boolean;
  ulimits?: Record<string, number | { soft: number; hard: number }>;
  use_api_socket?: boolean;
  user?: string;
  userns_mode?: string;
  uts?: string;
  volumes?: Mount[];
  volumes_from?: string[];
  working_dir?: string;
  [extension: `x-${string}`]: unknown;
}

export interface Build {
  context?: string;
  dockerfile?: string;
  dockerfile_inline?: string;
  args?: Record<string, string | null>;
  additional_contexts?: Record<string, string>;
  cache_from?: string[];
  cache_to?: string[];
  entitlements?: string[];
  extra_hosts?: string[];
  isolation?: string;
  labels?: Record<string, string>;
  network?: string;
  no_cache?: boolean;
  platforms?: string[];
  privileged?: boolean;
  provenance?: string | boolean;
  pull?: boolean;
  sbom?: string | boolean;
  secrets?: FileMount[];
  shm_size?: string;
  ssh?: Record<string, string | null>;
  tags?: string[];
  target?: string;
  ulimits?: Record<string, number | { soft: number; hard: number }>;
}

export interface BlkioConfig {
  weight?: number;
  weight_device?: { path: string; weight: number }[];
  device_read_bps?: { path: string; rate: string }[];
  device_read_iops?: { path: string; rate: string }[];
  device_write_bps?: { path: string; rate: string }[];
  device_write_iops?: { path: string; rate: string }[];
}

export interface Deploy {
  mode?: string;
  endpoint_mode?: string;
  replicas?: number;
  labels?: Record<string, string>;
  update_config?: UpdateConfig;
  rollback_config?: UpdateConfig;
  resources?: {
    limits?: { cpus?: number; memory?: string; pids?: number };
    reservations?: {
      cpus?: number;
      memory?: string;
      devices?: unknown;
      generic_resources?: unknown;
    };
  };
  restart_policy?: { condition?: string; delay?: string; max_attempts?: number; window?: string };
  placement?: unknown;
}

export interface UpdateConfig {
  parallelism?: number;
  delay?: string;
  failure_action?: string;
  monitor?: string;
  max_failure_ratio?: number;
  order?: "start-first" | "stop-first";
}

export interface Healthcheck {
  disable?: boolean;
  test?: string[];
  interval?: string;
  timeout?: string;
  retries?: number;
  start_period?: string;
  start_interval?: string;
}

export interface ServiceNetwork {
  aliases?: string[];
  interface_name?: string;
  ipv4_address?: string;
  ipv6_address?: string;
  link_local_ips?: string[];
  mac_address?: string;
  driver_opts?: Record<string, string>;
  priority?: number;
  gw_priority?: number;
}

export interface Port {
  name?: string;
  mode?: string;
  host_ip?: string;
  target: number;
  published?: string;
  protocol: string;
  app_protocol?: string;
}

export interface Mount {
  type: "bind" | "volume" | "tmpfs" | "image" | "npipe" | "cluster";
  source?: string;
  target: string;
  read_only?: boolean;
  consistency?: string;
  bind?: {
    propagation?: string;
    create_host_path?: boolean;
    recursive?: string;
    selinux?: "z" | "Z";
  };
  volume?: { nocopy?: boolean; subpath?: string; labels?: Record<string, string> };
  tmpfs?: { size?: string; mode?: number };
  image?: { subpath?: string };
}

/** A secret or a config in a service. */
export interface FileMount {
  source: string;
  target?: string;
  uid?: string;
  gid?: string;
  /** Octal text: `0440`. */
  mode?: string;
}

export interface Hook {
  command: string[];
  user?: string;
  privileged?: boolean;
  working_dir?: string;
  environment?: Record<string, string | null>;
}

export interface WatchRule {
  path: string;
  action: "rebuild" | "sync" | "restart" | "sync+restart" | "sync+exec";
  target?: string;
  ignore?: string[];
  include?: string[];
  exec?: Hook;
  initial_sync?: boolean;
}

export interface Network {
  name: string;
  driver?: string;
  driver_opts?: Record<string, string>;
  ipam?: {
    driver?: string;
    config?: {
      subnet?: string;
      ip_range?: string;
      gateway?: string;
      aux_addresses?: Record<string, string>;
    }[];
    options?: Record<string, string>;
  };
  external?: boolean;
  internal?: boolean;
  attachable?: boolean;
  enable_ipv4?: boolean;
  enable_ipv6?: boolean;
  labels?: Record<string, string>;
}

export interface Volume {
  name: string;
  driver?: string;
  driver_opts?: Record<string, string>;
  external?: boolean;
  labels?: Record<string, string>;
}

/** Where a secret or a config comes from. */
export interface FileSource {
  name: string;
  file?: string;
  environment?: string;
  content?: string;
  external?: boolean;
  labels?: Record<string, string>;
}
