import { PathTable } from "./path-table.ts";
import type { BlkioConfig, Project, Service } from "./project.ts";
import { renderYaml } from "./render-yaml.ts";

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export interface RenderOptions {
  format: "yaml" | "json";
  /** `$` is written `$$`, so that the output can be read again. */
  escapeDollars: boolean;
}

/** The project as `config` prints it: keys in Docker's order, names and labels sorted. */
export function renderConfig(project: Project, { format, escapeDollars }: RenderOptions): string {
  const plain = trim(JSON.parse(JSON.stringify(project)) as Value, []);
  const ordered = order(escapeDollars ? doubleDollars(plain) : plain, []);
  if (format === "yaml") return `${renderYaml(ordered)}\n`;
  return `${JSON.stringify(jsonShape(ordered), undefined, 2)}\n`;
}

/** One service as Docker's Compose writes it in JSON, which is what it hashes. */
export function serviceJson(service: Service): string {
  const { env_file: files, blkio_config: limits, develop } = service;
  const named = {
    ...service,
    env_file: files?.map((file) => (file.required ? file.path : file)),
    develop: develop?.watch && {
      watch: develop.watch.map((rule) => ({ exec: { command: null }, ...rule })),
    },
    blkio_config: limits && goNames(limits),
  };
  const plain = JSON.parse(JSON.stringify({ services: { x: named } })) as Value;
  const shaped = jsonShape(order(trim(plain, []), [])) as { services: { x: Value } };
  return JSON.stringify(shaped.services.x);
}

/** The structures of Go that have no names for JSON keep their own. */
const goNames = (limits: BlkioConfig): unknown =>
  Object.fromEntries(
    Object.entries(limits).map(([key, value]) => [
      key,
      Array.isArray(value)
        ? value.map((entry) =>
            "rate" in entry
              ? { Path: entry.path, Rate: entry.rate }
              : { Path: entry.path, Weight: entry.weight },
          )
        : value,
    ]),
  );

/** What Docker's Compose leaves out: false and zero where that is the default, commands without words. */
function trim(value: Value, path: readonly string[]): Value {
  if (Array.isArray(value)) return value.map((item) => trim(item, [...path, "[]"]));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, Value][] => {
    const place = [...path, key];
    const omitted = OMITTED.get(place);
    if (omitted?.includes(item) === true) return [];
    if (SSH.get(place) === true) return [[key, sshList(item)]];
    return [[key, trim(item, place)]];
  });
  return Object.fromEntries(entries);
}

const OFF: Value[] = [false, null, ""];
const services = (...keys: string[]) => keys.map((key) => [`services.*.${key}`, OFF] as const);
const OMITTED = new PathTable<Value[]>([
  ...services("privileged", "read_only", "stdin_open", "tty", "oom_kill_disable", "use_api_socket"),
  ...services("depends_on.*.restart", "healthcheck.disable", "volumes.[].read_only", "command"),
  ...services("volumes.[].volume.nocopy", "entrypoint", "hostname", "user", "build.no_cache"),
  ...services("build.pull", "build.privileged", "deploy", "build.args.*"),
  ["services.*.volumes.[].bind.create_host_path", OFF],
  ["services.*.oom_score_adj", [0]],
  ["services.*.deploy.update_config.max_failure_ratio", [0]],
  ["networks.*.external", OFF],
  ["networks.*.internal", OFF],
  ["networks.*.attachable", OFF],
  ["volumes.*.external", OFF],
  ["secrets.*.external", OFF],
  ["configs.*.external", OFF],
]);

const SSH = new PathTable([["services.*.build.ssh", true]]);

const sshList = (value: Value): Value =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([id, path]) => (path === null ? id : `${id}: ${String(path)}`))
    : value;

function doubleDollars(value: Value): Value {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(doubleDollars);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, doubleDollars(item)]));
}

/**
 * In JSON a service's command and entry point are always there, a network's `ipam` and a deployment's
 * `placement` too; a service's own extensions are not; the sections are sorted.
 */
function jsonShape(value: Value): Value {
  const { services = {}, networks, ...rest } = value as Record<string, Record<string, Value>>;
  const whole = Object.entries(services).map(([name, service]): [string, Value] => {
    const known = Object.entries(asMap(service)).filter(([key]) => !key.startsWith("x-"));
    const { deploy, ...keys } = Object.fromEntries(known);
    const placed = deploy === undefined ? {} : { deploy: { placement: {}, ...asMap(deploy) } };
    const shaped = { command: null, entrypoint: null, ...keys, ...placed };
    return [name, order(shaped, ["services", name])];
  });
  const addressed = Object.entries(networks ?? {}).map(([name, network]): [string, Value] => [
    name,
    order({ ipam: {}, ...asMap(network) }, ["networks", name]),
  ]);
  const sections: [string, Value][] = [
    ...Object.entries(rest),
    ["services", Object.fromEntries(whole)],
    ...(networks === undefined
      ? []
      : [["networks", Object.fromEntries(addressed)] as [string, Value]]),
  ];
  return Object.fromEntries(sections.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const asMap = (value: Value | undefined): { [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};

const TOP = ["name", "services", "networks", "volumes", "secrets", "configs", "models"];

function order(value: Value, path: readonly string[]): Value {
  if (Array.isArray(value)) return value.map((item) => order(item, [...path, "[]"]));
  if (typeof value !== "object" || value === null) return value;
  const known = path.length === 0 ? TOP : (ORDERS.get(path) ?? []);
  const rank = (key: string): number => {
    const index = known.indexOf(key);
    return index < 0 ? known.length : index;
  };
  const entries = Object.entries(value).sort(
    ([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0),
  );
  return Object.fromEntries(entries.map(([key, item]) => [key, order(item, [...path, key])]));
}

const row = (pattern: string, keys: string): readonly [string, string[]] => [
  pattern,
  keys.split(" "),
];
const UPDATE = "parallelism delay failure_action monitor max_failure_ratio order";
const RESOURCE = "cpus memory pids devices generic_resources";
const FILE_MOUNT = "source target uid gid mode";
const FILE_SOURCE =
  "name file environment content external labels driver driver_opts template_driver";
const HOOK = "command image user privileged working_dir environment per_replica";

/** The order of keys in what Docker's Compose prints. */
const ORDERS = new PathTable<string[]>([
  row(
    "services.*",
    [
      "profiles annotations attach build develop blkio_config cap_add cap_drop cgroup_parent cgroup",
      "cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares",
      "command configs container_name credential_spec depends_on deploy device_cgroup_rules devices",
      "dns dns_opt dns_search domainname entrypoint provider environment env_file expose extends",
      "external_links extra_hosts group_add gpus hostname healthcheck image init ipc isolation labels",
      "label_file links logging mem_limit mem_reservation memswap_limit mem_swappiness mac_address",
      "models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports",
      "privileged pull_policy read_only restart runtime scale secrets security_opt shm_size",
      "stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket",
      "user userns_mode uts volumes volumes_from working_dir post_start pre_stop",
    ].join(" "),
  ),
  row(
    "services.*.build",
    [
      "context dockerfile dockerfile_inline entitlements args provenance sbom ssh labels cache_from",
      "cache_to no_cache additional_contexts pull extra_hosts isolation network target secrets",
      "shm_size tags ulimits platforms privileged",
    ].join(" "),
  ),
  row("services.*.build.secrets.[]", FILE_MOUNT),
  row("services.*.develop.watch.[]", "path action target exec include ignore initial_sync"),
  row(
    "services.*.healthcheck",
    "test timeout interval retries start_period start_interval disable",
  ),
  row("services.*.post_start.[]", HOOK),
  row("services.*.pre_stop.[]", HOOK),
  row(
    "services.*.blkio_config",
    [
      "weight weight_device device_read_bps device_read_iops device_write_bps device_write_iops",
    ].join(" "),
  ),
  row("services.*.devices.[]", "source target permissions"),
  row("services.*.logging", "driver options"),
  row(
    "services.*.deploy",
    [
      "mode replicas labels update_config rollback_config resources restart_policy placement",
      "endpoint_mode",
    ].join(" "),
  ),
  row("services.*.deploy.update_config", UPDATE),
  row("services.*.deploy.rollback_config", UPDATE),
  row("services.*.deploy.resources", "limits reservations"),
  row("services.*.deploy.resources.limits", RESOURCE),
  row("services.*.deploy.resources.reservations", RESOURCE),
  row("services.*.deploy.restart_policy", "condition delay max_attempts window"),
  row(
    "services.*.networks.*",
    [
      "aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips",
      "mac_address priority",
    ].join(" "),
  ),
  row("services.*.ports.[]", "name mode host_ip target published protocol app_protocol"),
  row("services.*.volumes.[]", "type source target read_only consistency bind volume tmpfs image"),
  row("services.*.volumes.[].bind", "selinux propagation create_host_path recursive"),
  row("services.*.volumes.[].tmpfs", "size mode"),
  row("services.*.secrets.[]", FILE_MOUNT),
  row("services.*.configs.[]", FILE_MOUNT),
  row("services.*.ulimits.*", "soft hard"),
  row("services.*.build.ulimits.*", "soft hard"),
  row("services.*.deploy.placement", "constraints preferences max_replicas_per_node"),
  row("services.*.env_file.[]", "path required format"),
  row("services.*.depends_on.*", "condition restart required"),
  row("networks.*", "name driver driver_opts ipam external internal attachable labels enable_ipv4"),
  row("networks.*.ipam", "driver config options"),
  row("networks.*.ipam.config.[]", "subnet gateway ip_range aux_addresses"),
  row("volumes.*", "name driver driver_opts external labels"),
  row("secrets.*", FILE_SOURCE),
  row("configs.*", FILE_SOURCE),
]);
