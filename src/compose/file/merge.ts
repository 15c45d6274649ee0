import { ComposeFileError } from "./compose-file-error.ts";
import { isNull, type ListNode, list, type MapNode, type Node, textOf } from "./node.ts";
import { PathTable } from "./path-table.ts";

/** What makes two entries of a list the same; the later one takes the earlier one's place. */
type Identity = (item: Node) => string;
type Rule = "replace" | "driver" | { unique: Identity };

/**
 * A file over an earlier one. Mappings merge key by key, lists follow each other, scalars replace;
 * commands, entry points and health tests replace; mounts are the same by target, ports by all but the
 * mode. `!reset` removes a key, `!override` replaces it. Both are canonical.
 * Compose Specification, "Merge". Throws ComposeFileError where kinds do not fit.
 */
export function mergeFiles(base: MapNode, over: MapNode): MapNode {
  return merge(base, over, []) as MapNode;
}

/** A service over the one that it extends. */
export function mergeServices(base: MapNode, over: MapNode): MapNode {
  return merge(base, over, ["services", "x"]) as MapNode;
}

/** `!reset` and `!override` of a file that stands alone, and the duplicates within its lists. */
export function settle(node: Node, path: readonly string[] = []): Node {
  if (node.kind === "map") {
    const entries = [...node.entries].flatMap(([key, value]): [string, Node][] =>
      value.tag === "reset" ? [] : [[key, settle(value, [...path, key])]],
    );
    return { ...node, entries: new Map(entries) };
  }
  if (node.kind === "list") {
    const items = node.items.map((item) => settle(item, [...path, "[]"]));
    return unique({ ...node, items }, path);
  }
  return node;
}

function merge(base: Node, over: Node, path: readonly string[]): Node {
  if (over.tag === "override" || RULES.get(path) === "replace") return settle(over, path);
  if (over.kind === "scalar" && base.kind === "scalar") return over;
  if (isNull(over)) return base;
  if (isNull(base)) return settle(over, path);
  if (base.kind === "map" && over.kind === "map") return mergeMaps(base, over, path);
  if (base.kind === "list" && over.kind === "list") {
    const items = [...base.items, ...over.items.map((item) => settle(item, [...path, "[]"]))];
    return unique(list(items, over.at), path);
  }
  const place = `${base.at.file}:${base.at.line}`;
  throw new ComposeFileError(
    `cannot override ${path.join(".")}: it is ${KINDS[over.kind]} here and ${KINDS[base.kind]} at ${place}`,
    over.at,
  );
}

const KINDS = { scalar: "a value", list: "a list", map: "a mapping" } as const;

function mergeMaps(base: MapNode, over: MapNode, path: readonly string[]): MapNode {
  if (RULES.get(path) === "driver" && differ(base, over, "driver")) {
    return settle(over, path) as MapNode;
  }
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const earlier = entries.get(key);
    if (value.tag === "reset") entries.delete(key);
    else if (earlier === undefined) entries.set(key, settle(value, [...path, key]));
    else entries.set(key, merge(earlier, value, [...path, key]));
  }
  return { ...over, entries, keys: new Map([...base.keys, ...over.keys]) };
}

const differ = (a: MapNode, b: MapNode, key: string): boolean => {
  const [left, right] = [textOf(a.entries.get(key)), textOf(b.entries.get(key))];
  return left !== undefined && right !== undefined && left !== right;
};

function unique(node: ListNode, path: readonly string[]): ListNode {
  const rule = RULES.get(path);
  if (typeof rule !== "object") return node;
  const places = new Map<string, Node>();
  for (const item of node.items) places.set(rule.unique(item), item);
  return { ...node, items: [...places.values()] };
}

const byField =
  (...fields: string[]): Identity =>
  (item) =>
    item.kind === "map"
      ? JSON.stringify(fields.map((field) => textOf(item.entries.get(field))))
      : JSON.stringify(textOf(item));

const byText: Rule = { unique: (item) => textOf(item) ?? "" };
const byTarget: Rule = { unique: byField("target") };

const byTargetOrSource: Rule = {
  unique: (item) =>
    item.kind === "map"
      ? (textOf(item.entries.get("target")) ?? `/${textOf(item.entries.get("source"))}`)
      : "",
};

const RULES = new PathTable<Rule>([
  ["services.*.command", "replace"],
  ["services.*.entrypoint", "replace"],
  ["services.*.healthcheck.test", "replace"],
  ["services.*.ulimits.*", "replace"],
  ["services.*.logging", "driver"],
  ["services.*.build.tags", byText],
  ["services.*.build.extra_hosts", byText],
  ["services.*.cap_add", byText],
  ["services.*.cap_drop", byText],
  ["services.*.configs", byTargetOrSource],
  ["services.*.devices", byTarget],
  ["services.*.dns", byText],
  ["services.*.dns_opt", byText],
  ["services.*.dns_search", byText],
  ["services.*.env_file", { unique: byField("path") }],
  ["services.*.expose", byText],
  ["services.*.extra_hosts", byText],
  ["services.*.links", byText],
  ["services.*.networks.*.aliases", byText],
  ["services.*.networks.*.link_local_ips", byText],
  ["services.*.ports", { unique: byField("host_ip", "published", "target", "protocol") }],
  ["services.*.profiles", byText],
  ["services.*.secrets", byTargetOrSource],
  ["services.*.tmpfs", byText],
  ["services.*.volumes", byTarget],
  ["networks.*.ipam.config", { unique: byField("subnet") }],
]);
