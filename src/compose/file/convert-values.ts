import { parseByteSize } from "../../spec/byte-size.ts";
import { composeDuration, durationText } from "./compose-duration.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import { list, mapEntries, type Node, type Scalar, scalar } from "./node.ts";
import { PathTable } from "./path-table.ts";
import { splitWords } from "./split-words.ts";

type Convert = (value: string) => Scalar | string[];

/**
 * Gives every value the type that its key has: numbers, booleans, sizes in bytes (decimal text, as Docker's
 * Compose prints them), durations as Go prints them, commands as words.
 * Throws ComposeFileError for a value that is none.
 */
export function convertValues(node: Node, path: readonly string[] = []): Node {
  if (node.kind === "map")
    return mapEntries(node, (value, key) => convertValues(value, [...path, key]));
  if (node.kind === "list") {
    const items = node.items.map((item) => convertValues(item, [...path, "[]"]));
    return { ...node, items };
  }
  const convert = CONVERSIONS.get(path);
  if (convert === undefined || node.value === null) return node;
  try {
    const value = convert(String(node.value));
    if (!Array.isArray(value)) return { ...node, value };
    return list(
      value.map((word) => scalar(word, node.at)),
      node.at,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ComposeFileError(`${path.join(".").replaceAll(".[]", "[]")}: ${reason}`, node.at);
  }
}

/** What a text that came of variables is taken for, before the schema looks at it. */
export function castText(text: string, path: readonly string[]): Scalar {
  const convert = CONVERSIONS.get(path);
  if (convert !== boolean && convert !== integer && convert !== float) return text;
  try {
    return convert(text) as Scalar;
  } catch {
    return text;
  }
}

const boolean: Convert = (text) => {
  const lower = text.toLowerCase();
  if (["true", "y", "yes", "on"].includes(lower)) return true;
  if (["false", "n", "no", "off"].includes(lower)) return false;
  throw new Error(`invalid boolean: ${text}`);
};

const integer: Convert = (text) => {
  if (!/^[-+]?\d+$/.test(text)) throw new Error(`invalid integer: ${text}`);
  return Number(text);
};

const float: Convert = (text) => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`invalid number: ${text}`);
  return value;
};

const bytes: Convert = (text) => (text === "-1" ? text : String(parseByteSize(text)));
const duration: Convert = (text) => durationText(composeDuration(text));
const words: Convert = (text) => splitWords(text);
const text: Convert = (value) => value;
/** A file's mode: a number is written in decimal by YAML's readers, a text in octal. */
const octal: Convert = (value) => {
  if (/^0?o?[0-7]+$/.test(value) && value.startsWith("0")) return `0${value.replace(/^0o?/, "")}`;
  return `0${Number(value).toString(8)}`;
};
const portNumber: Convert = (value) => {
  const port = integer(value);
  if (typeof port !== "number" || port < 1 || port > 65535)
    throw new Error(`invalid port: ${value}`);
  return port;
};

const rows = (convert: Convert, ...patterns: string[]): (readonly [string, Convert])[] =>
  patterns.map((pattern) => [pattern, convert]);
const service = (convert: Convert, ...keys: string[]) =>
  rows(convert, ...keys.map((key) => `services.*.${key}`));

const CONVERSIONS = new PathTable<Convert>([
  ...service(boolean, "attach", "build.no_cache", "build.privileged", "build.pull", "init"),
  ...service(boolean, "depends_on.*.required", "depends_on.*.restart", "oom_kill_disable"),
  ...service(boolean, "env_file.[].required", "healthcheck.disable", "privileged", "read_only"),
  ...service(boolean, "stdin_open", "tty", "volumes.[].read_only", "volumes.[].volume.nocopy"),
  ...service(boolean, "volumes.[].bind.create_host_path", "post_start.[].privileged"),
  ...service(boolean, "pre_stop.[].privileged", "develop.watch.[].initial_sync"),
  ...rows(boolean, "networks.*.external", "networks.*.internal", "networks.*.attachable"),
  ...rows(boolean, "networks.*.enable_ipv4", "networks.*.enable_ipv6", "volumes.*.external"),
  ...rows(boolean, "secrets.*.external", "configs.*.external"),
  ...service(integer, "blkio_config.weight", "blkio_config.weight_device.[].weight", "cpu_count"),
  ...service(integer, "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares"),
  ...service(integer, "deploy.replicas", "deploy.restart_policy.max_attempts"),
  ...service(integer, "deploy.update_config.parallelism", "deploy.rollback_config.parallelism"),
  ...service(integer, "deploy.placement.max_replicas_per_node", "deploy.resources.limits.pids"),
  ...service(integer, "healthcheck.retries", "oom_score_adj", "pids_limit"),
  ...service(integer, "scale", "ulimits.*", "ulimits.*.soft", "ulimits.*.hard"),
  ...service(integer, "build.ulimits.*", "build.ulimits.*.soft", "build.ulimits.*.hard"),
  ...service(integer, "volumes.[].tmpfs.mode", "networks.*.priority", "networks.*.gw_priority"),
  ...service(portNumber, "ports.[].target"),
  ...service(float, "cpus", "cpu_percent", "deploy.resources.limits.cpus"),
  ...service(float, "deploy.resources.reservations.cpus", "deploy.update_config.max_failure_ratio"),
  ...service(float, "deploy.rollback_config.max_failure_ratio"),
  ...service(
    bytes,
    "mem_swappiness",
    "mem_limit",
    "mem_reservation",
    "memswap_limit",
    "shm_size",
    "build.shm_size",
  ),
  ...service(bytes, "deploy.resources.limits.memory", "deploy.resources.reservations.memory"),
  ...service(bytes, "volumes.[].tmpfs.size", "blkio_config.device_read_bps.[].rate"),
  ...service(bytes, "blkio_config.device_read_iops.[].rate"),
  ...service(bytes, "blkio_config.device_write_bps.[].rate"),
  ...service(bytes, "blkio_config.device_write_iops.[].rate"),
  ...service(duration, "healthcheck.interval", "healthcheck.timeout", "healthcheck.start_period"),
  ...service(duration, "healthcheck.start_interval", "stop_grace_period"),
  ...service(duration, "deploy.restart_policy.delay", "deploy.restart_policy.window"),
  ...service(duration, "deploy.update_config.delay", "deploy.update_config.monitor"),
  ...service(duration, "deploy.rollback_config.delay", "deploy.rollback_config.monitor"),
  ...service(words, "command", "entrypoint", "post_start.[].command", "pre_stop.[].command"),
  ...service(words, "develop.watch.[].exec.command"),
  ...service(text, "logging.options.*", "networks.*.driver_opts.*", "storage_opt.*"),
  ...service(text, "ports.[].published", "cpuset"),
  ...rows(text, "networks.*.driver_opts.*", "volumes.*.driver_opts.*", "secrets.*.driver_opts.*"),
  ...service(octal, "secrets.[].mode", "configs.[].mode", "build.secrets.[].mode"),
]);
