import { ComposeFileError } from "./compose-file-error.ts";
import {
  fromPlain,
  get,
  isNull,
  type MapNode,
  map,
  mapEntries,
  type Node,
  scalar,
  textOf,
  withEntries,
} from "./node.ts";

const NAMESPACES = ["network_mode", "ipc", "pid", "uts", "cgroup"];

/**
 * What a file leaves unsaid: the network `default`, names of networks, volumes, secrets and configs (the
 * project's name before them), Dockerfiles, and dependencies that links and shared namespaces imply.
 */
export function normalise(root: MapNode, project: string): MapNode {
  const services = get(root, "services");
  const connected =
    services?.kind === "map"
      ? mapEntries(services, (service) => normaliseService(service))
      : services;
  const withServices = withEntries(root, [["services", connected]]);
  const networks = networksOf(withServices);
  return withEntries(withServices, [
    ["networks", networks === undefined ? undefined : named(networks, project)],
    ...["volumes", "secrets", "configs"].map((kind): [string, Node | undefined] => {
      const resources = get(root, kind);
      return [kind, resources === undefined ? undefined : named(resources, project)];
    }),
  ]);
}

function normaliseService(service: Node): Node {
  if (service.kind !== "map") return service;
  const changes: [string, Node | undefined][] = [
    ["build", buildOf(service)],
    ["depends_on", dependenciesOf(service)],
    ["networks", serviceNetworks(service)],
  ];
  if (textOf(get(service, "pull_policy")) === "if_not_present") {
    changes.push(["pull_policy", scalar("missing", service.at)]);
  }
  return withEntries(service, changes);
}

function buildOf(service: MapNode): Node | undefined {
  const build = get(service, "build");
  if (build?.kind !== "map") return build;
  const inline = build.entries.has("dockerfile_inline") || build.entries.has("dockerfile");
  return inline ? build : withEntries(build, [["dockerfile", scalar("Dockerfile", build.at)]]);
}

function serviceNetworks(service: MapNode): Node | undefined {
  const networks = get(service, "networks");
  if (service.entries.has("network_mode") || service.entries.has("provider")) return networks;
  const empty = networks === undefined || isNull(networks);
  if (!empty && !(networks.kind === "map" && networks.entries.size === 0)) return networks;
  return map([["default", scalar(null, service.at)]], service.at);
}

function dependenciesOf(service: MapNode): Node | undefined {
  const given = get(service, "depends_on");
  const entries = new Map(given?.kind === "map" ? given.entries : []);
  const imply = (name: string, restart: boolean, at: Node["at"]) => {
    if (entries.has(name)) return;
    entries.set(name, fromPlain({ condition: "service_started", restart, required: true }, at));
  };
  for (const link of itemsOf(service, "links"))
    imply(textOf(link)?.split(":")[0] ?? "", true, link.at);
  for (const key of NAMESPACES) {
    const mode = get(service, key);
    const text = textOf(mode);
    if (mode !== undefined && text?.startsWith("service:") === true)
      imply(text.slice(8), true, mode.at);
  }
  for (const from of itemsOf(service, "volumes_from")) {
    const text = textOf(from) ?? "";
    if (!text.startsWith("container:")) imply(text.split(":")[0] ?? "", false, from.at);
  }
  if (entries.size === 0) return given;
  return given?.kind === "map" ? { ...given, entries } : map(entries, service.at);
}

const itemsOf = (service: MapNode, key: string): readonly Node[] => {
  const node = get(service, key);
  return node?.kind === "list" ? node.items : [];
};

/** The networks of the file, `default` among them if a service is on it. */
function networksOf(root: MapNode): MapNode | undefined {
  const networks = get(root, "networks");
  const declared = networks?.kind === "map" ? networks : undefined;
  const services = get(root, "services");
  const uses =
    services?.kind === "map" &&
    [...services.entries.values()].some(
      (service) => get(get(service, "networks"), "default") !== undefined,
    );
  if (!uses || declared?.entries.has("default") === true) return declared;
  const base = declared ?? map([], root.at);
  return withEntries(base, [["default", scalar(null, root.at)]]);
}

function named(resources: Node, project: string): Node {
  if (resources.kind !== "map") return resources;
  return mapEntries(resources, (given, key) => {
    const resource = given.kind === "map" ? given : map([], given.at);
    const external = textOf(get(resource, "external"));
    if (external === "true") checkExternal(resource, key);
    if (resource.entries.has("name")) return resource;
    const name = external === "true" ? key : `${project}_${key}`;
    return withEntries(resource, [["name", scalar(name, resource.at)]]);
  });
}

/** An external resource is made elsewhere: what would make it is a mistake. */
function checkExternal(resource: MapNode, key: string): void {
  for (const [other, value] of resource.entries) {
    if (other === "name" || other === "external" || other.startsWith("x-")) continue;
    throw new ComposeFileError(
      `"${key}" is external, so "${other}" has no meaning: conflicting parameters "external" and "${other}" specified`,
      resource.keys.get(other) ?? value.at,
    );
  }
}
