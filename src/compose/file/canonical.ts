import { ComposeFileError } from "./compose-file-error.ts";
import {
  fromPlain,
  isNull,
  type ListNode,
  list,
  type MapNode,
  map,
  mapEntries,
  type Node,
  scalar,
  withEntries,
} from "./node.ts";
import { PathTable } from "./path-table.ts";
import { expandDevice } from "./short-forms/device-short-form.ts";
import { expandPort } from "./short-forms/port-short-form.ts";
import { expandVolume } from "./short-forms/volume-short-form.ts";

type Transform = (node: Node) => Node;

/**
 * Rewrites every short form as its long form, so that merging and reading see one form alone.
 * The file has been checked against the schema: shapes are as it allows them.
 */
export function canonical(root: MapNode): MapNode {
  return visit(root, []) as MapNode;
}

function visit(node: Node, path: readonly string[]): Node {
  const rewritten = TRANSFORMS.get(path)?.(node) ?? node;
  const tagged = node.tag === undefined ? rewritten : { ...rewritten, tag: node.tag };
  if (tagged.kind === "map")
    return mapEntries(tagged, (value, key) => visit(value, [...path, key]));
  if (tagged.kind === "list") {
    return { ...tagged, items: tagged.items.map((item) => visit(item, [...path, "[]"])) };
  }
  return tagged;
}

const guarded = (node: Node, expand: () => Node): Node => {
  try {
    return expand();
  } catch (error) {
    if (error instanceof ComposeFileError) throw error;
    throw new ComposeFileError(error instanceof Error ? error.message : String(error), node.at);
  }
};

/** A lone text is the mapping that `expand` makes of it. */
const fromText =
  (expand: (text: string) => Parameters<typeof fromPlain>[0]): Transform =>
  (node) =>
    node.kind === "scalar" && node.value !== null
      ? guarded(node, () => fromPlain(expand(String(node.value)), node.at))
      : node;

const toList: Transform = (node) =>
  node.kind === "scalar" && !isNull(node) ? list([node], node.at) : node;

/** A list of names is a mapping of names to what `value` makes. */
const namesToMap =
  (value: (item: Node) => Node): Transform =>
  (node) =>
    node.kind === "list"
      ? map(
          node.items.map((item) => [itemText(item), value(item)] as const),
          node.at,
          new Map(node.items.map((item) => [itemText(item), item.at])),
        )
      : node;

const itemText = (item: Node): string => (item.kind === "scalar" ? String(item.value) : "");

/** `KEY=value` and `KEY`, in a list, as a mapping; what has no value is `bare`. */
const pairsToMap =
  (bare: string | null): Transform =>
  (node) => {
    if (node.kind === "map") return stringValues(node, bare);
    if (node.kind !== "list") return node;
    const pairs = node.items.map((item): [string, Node] => {
      const text = itemText(item);
      const equals = text.indexOf("=");
      if (equals < 0) return [text, scalar(bare, item.at)];
      return [text.slice(0, equals), scalar(text.slice(equals + 1), item.at)];
    });
    return map(pairs, node.at, new Map(pairs.map(([key, value]) => [key, value.at])));
  };

const stringValues = (node: MapNode, bare: string | null): MapNode =>
  mapEntries(node, (value) =>
    value.kind === "scalar"
      ? scalar(value.value === null ? bare : String(value.value), value.at)
      : value,
  );

const strings: Transform = (node) => {
  if (node.kind !== "list") return node;
  return { ...node, items: node.items.map((item) => scalar(itemText(item), item.at)) };
};

const dependsOn: Transform = (node) => {
  const started = (at: Node["at"]) =>
    fromPlain({ condition: "service_started", required: true }, at);
  if (node.kind === "list") return namesToMap((item) => started(item.at))(node);
  if (node.kind !== "map") return node;
  return mapEntries(node, (value) => {
    if (value.kind !== "map") return started(value.at);
    return value.entries.has("required")
      ? value
      : withEntries(value, [["required", scalar(true, value.at)]]);
  });
};

const ports: Transform = (node) => {
  if (node.kind !== "list") return node;
  const items = node.items.flatMap((item): readonly Node[] => {
    if (item.kind === "scalar") {
      const expanded = guarded(item, () => fromPlain(expandPort(String(item.value)), item.at));
      return (expanded as ListNode).items;
    }
    return item.kind === "map" ? [longPort(item)] : [item];
  });
  return list(items, node.at);
};

function longPort(item: MapNode): MapNode {
  const defaults: [string, Node][] = [];
  if (!item.entries.has("protocol")) defaults.push(["protocol", scalar("tcp", item.at)]);
  if (!item.entries.has("mode")) defaults.push(["mode", scalar("ingress", item.at)]);
  const published = item.entries.get("published");
  if (published?.kind === "scalar") {
    defaults.push(["published", scalar(String(published.value), published.at)]);
  }
  return withEntries(item, defaults);
}

const volumeMount: Transform = (node) => {
  if (node.kind === "scalar") return fromText(expandVolume)(node);
  if (node.kind !== "map") return node;
  const bind = node.entries.get("bind");
  if (node.entries.get("type")?.kind !== "scalar") return node;
  if (bind?.kind === "map" && !bind.entries.has("create_host_path")) {
    return withEntries(node, [
      ["bind", withEntries(bind, [["create_host_path", scalar(true, bind.at)]])],
    ]);
  }
  return node;
};

const envFile: Transform = (node) => {
  const whole = toList(node);
  if (whole.kind !== "list") return whole;
  const items = whole.items.map((item) => {
    if (item.kind === "scalar") return fromPlain({ path: itemText(item), required: true }, item.at);
    if (item.kind !== "map" || item.entries.has("required")) return item;
    return withEntries(item, [["required", scalar(true, item.at)]]);
  });
  return list(items, whole.at);
};

/** `host=address` lines; a mapping may name several addresses of a host. */
const extraHosts: Transform = (node) => {
  if (node.kind === "list") {
    return { ...node, items: node.items.map((item) => scalar(hostLine(itemText(item)), item.at)) };
  }
  if (node.kind !== "map") return node;
  const items = [...node.entries].flatMap(([host, value]) =>
    (value.kind === "list" ? value.items : [value]).map((address) =>
      scalar(`${host}=${itemText(address).replace(/^\[(.*)\]$/, "$1")}`, address.at),
    ),
  );
  return list(items, node.at);
};

function hostLine(text: string): string {
  const separator = text.includes("=") ? text.indexOf("=") : text.indexOf(":");
  const address = text.slice(separator + 1).replace(/^\[(.*)\]$/, "$1");
  return separator < 0 ? text : `${text.slice(0, separator)}=${address}`;
}

const external: Transform = (node) => {
  if (node.kind !== "map") return node;
  const given = node.entries.get("external");
  if (given?.kind !== "map") return node;
  const name = node.entries.get("name") ?? given.entries.get("name");
  return withEntries(node, [
    ["external", scalar(true, given.at)],
    ["name", name],
  ]);
};

const healthTest: Transform = (node) =>
  node.kind === "scalar" && !isNull(node)
    ? list([scalar("CMD-SHELL", node.at), node], node.at)
    : node;

const secretTarget: Transform = (node) => {
  const whole = fromText((source) => ({ source }))(node);
  if (whole.kind !== "map" || whole.entries.has("target")) return whole;
  const source = whole.entries.get("source");
  return withEntries(whole, [
    ["target", scalar(`/run/secrets/${source === undefined ? "" : itemText(source)}`, whole.at)],
  ]);
};

const gpus: Transform = (node) =>
  node.kind === "scalar" && node.value === "all" ? fromPlain([{ count: -1 }], node.at) : node;

const fileMount = fromText((source) => ({ source }));
const nothing: Transform = namesToMap((item) => scalar(null, item.at));

const TRANSFORMS = new PathTable<Transform>([
  ["services.*.annotations", pairsToMap("")],
  ["services.*.build", fromText((context) => ({ context }))],
  ["services.*.build.additional_contexts", pairsToMap("")],
  ["services.*.build.args", pairsToMap(null)],
  ["services.*.build.extra_hosts", extraHosts],
  ["services.*.build.labels", pairsToMap("")],
  ["services.*.build.secrets.[]", fileMount],
  ["services.*.build.ssh", pairsToMap(null)],
  ["services.*.configs.[]", fileMount],
  ["services.*.depends_on", dependsOn],
  ["services.*.deploy.labels", pairsToMap("")],
  ["services.*.develop.watch.[].ignore", toList],
  ["services.*.develop.watch.[].include", toList],
  ["services.*.develop.watch.[].exec.environment", pairsToMap(null)],
  ["services.*.devices.[]", fromText(expandDevice)],
  ["services.*.dns", toList],
  ["services.*.dns_search", toList],
  ["services.*.env_file", envFile],
  ["services.*.environment", pairsToMap(null)],
  ["services.*.expose", strings],
  ["services.*.extends", fromText((service) => ({ service }))],
  ["services.*.extra_hosts", extraHosts],
  ["services.*.gpus", gpus],
  ["services.*.group_add", strings],
  ["services.*.healthcheck.test", healthTest],
  ["services.*.label_file", toList],
  ["services.*.labels", pairsToMap("")],
  ["services.*.models", nothing],
  ["services.*.networks", nothing],
  ["services.*.ports", ports],
  ["services.*.post_start.[].environment", pairsToMap(null)],
  ["services.*.pre_stop.[].environment", pairsToMap(null)],
  ["services.*.secrets.[]", secretTarget],
  ["services.*.sysctls", pairsToMap("")],
  ["services.*.tmpfs", toList],
  ["services.*.volumes.[]", volumeMount],
  ["services.*.volumes.[].volume.labels", pairsToMap("")],
  ["networks.*", external],
  ["networks.*.labels", pairsToMap("")],
  ["volumes.*", external],
  ["volumes.*.labels", pairsToMap("")],
  ["secrets.*", external],
  ["secrets.*.labels", pairsToMap("")],
  ["configs.*", external],
  ["configs.*.labels", pairsToMap("")],
  ["include.[]", fromText((path) => ({ path: [path] }))],
  ["include.[].path", toList],
  ["include.[].env_file", toList],
]);
