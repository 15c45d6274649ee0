import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { ComposeFileError } from "./compose-file-error.ts";
import { get, mapEntries, type Node, type Position, scalar, textOf, withEntries } from "./node.ts";
import { PathTable } from "./path-table.ts";

/** What paths stand against: the file's own directory, and the home that `~` means. */
export interface Base {
  directory: string;
  home: string;
  /** Of a file that another host has given: nothing outside of this directory is its business. */
  confine?: string;
}

/** Resolves relative paths of a canonical file, and `~`. */
export function resolvePaths(node: Node, base: Base, path: readonly string[] = []): Node {
  if (node.kind === "map") {
    const inner = mapEntries(node, (value, key) => resolvePaths(value, base, [...path, key]));
    return SPECIAL.get(path)?.(inner, base) ?? inner;
  }
  if (node.kind === "list") {
    const items = node.items.map((item) => resolvePaths(item, base, [...path, "[]"]));
    return { ...node, items };
  }
  const change = PATHS.get(path);
  if (change === undefined || typeof node.value !== "string") return node;
  return { ...node, value: confined(change(node.value, base), base.confine, node.at) };
}

/** Throws for a path of this machine that a file from elsewhere has no right to. */
export function confined(path: string, confine: string | undefined, at: Position): string {
  if (confine === undefined || !path.startsWith("/")) return path;
  const inside = (text: string, root: string) => text === root || text.startsWith(`${root}/`);
  const real = existsSync(path) ? realpathSync(path) : path;
  if (inside(path, confine) && inside(real, realpathSync(confine))) return path;
  throw new ComposeFileError(
    `"${path}" is outside of what was included from elsewhere: a remote file may name only what comes with it`,
    at,
  );
}

const absolute = (path: string, { directory, home }: Base): string =>
  path === "~" || path.startsWith("~/") ? home + path.slice(1) : resolve(directory, path);

/** A context may be a remote one, and `service:NAME` or `target:NAME` is no path at all. */
export const isRemote = (path: string): boolean =>
  /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path) ||
  /^(?:git@|github\.com\/|service:|target:|docker-image:|oci-layout:)/.test(path);

const local = (path: string, base: Base): string => (isRemote(path) ? path : absolute(path, base));

const PATHS = new PathTable<typeof absolute>([
  ["services.*.build.context", local],
  ["services.*.build.additional_contexts.*", local],
  ["services.*.build.ssh.*", absolute],
  ["services.*.env_file.[].path", absolute],
  ["services.*.label_file.[]", absolute],
  ["services.*.extends.file", absolute],
  ["services.*.develop.watch.[].path", absolute],
  ["configs.*.file", absolute],
  ["secrets.*.file", absolute],
  ["include.[].path.[]", local],
  ["include.[].project_directory", absolute],
  ["include.[].env_file.[]", absolute],
]);

const bindSource = (node: Node, base: Base): Node => {
  const source = textOf(get(node, "source"));
  if (node.kind !== "map" || textOf(get(node, "type")) !== "bind" || source === undefined)
    return node;
  const path = confined(absolute(source, base), base.confine, node.at);
  return withEntries(node, [["source", scalar(path, node.at)]]);
};

/** The directory of a local volume that is a bind mount. */
const bindVolume = (node: Node, base: Base): Node => {
  const options = get(node, "driver_opts");
  const device = textOf(get(options, "device"));
  const driver = textOf(get(node, "driver")) ?? "local";
  const bind =
    textOf(get(options, "o"))
      ?.split(",")
      .some((word) => /^r?bind$/.test(word)) ?? false;
  if (node.kind !== "map" || options?.kind !== "map" || !bind) return node;
  if (driver !== "local" || device === undefined) return node;
  const resolved = scalar(confined(absolute(device, base), base.confine, options.at), options.at);
  return withEntries(node, [["driver_opts", withEntries(options, [["device", resolved]])]]);
};

const SPECIAL = new PathTable<typeof bindSource>([
  ["services.*.volumes.[]", bindSource],
  ["volumes.*", bindVolume],
]);
