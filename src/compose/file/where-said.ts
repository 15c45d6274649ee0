import { didYouMean } from "./closest-name.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import type { Environment } from "./environment.ts";
import { type MapNode, type Node, toPlain } from "./node.ts";

/**
 * Where each value at and below a key was said: `file:line:column  key = value`. The key is a path with
 * dots, list entries by their number: `services.web.ports.0`. Throws ComposeFileError for an unknown key.
 */
export function whereSaid(key: string, root: MapNode, environment: Environment): string {
  const variable = environment.source(key);
  if (variable !== undefined) return `${variable}  ${key} = ${environment.lookup(key)}\n`;
  let node: Node = root;
  const path = key.split(".");
  for (let at = 0; at < path.length; at++) {
    const { next, used } = step(node, path, at);
    if (next === undefined) {
      const known = node.kind === "map" ? [...node.entries.keys()] : [];
      throw new ComposeFileError(`nothing sets ${key}${didYouMean(path[at] ?? "", known)}`);
    }
    node = next;
    at += used - 1;
  }
  return leaves(node, key).join("");
}

/** A key may hold dots itself: the longest that fits is taken. */
function step(node: Node, path: readonly string[], at: number): { next?: Node; used: number } {
  for (let used = path.length - at; used > 0; used--) {
    const key = path.slice(at, at + used).join(".");
    const next =
      node.kind === "map"
        ? node.entries.get(key)
        : node.kind === "list"
          ? node.items[Number(key)]
          : undefined;
    if (next !== undefined) return { next, used };
  }
  return { used: 1 };
}

function leaves(node: Node, key: string): string[] {
  if (node.kind === "map" && node.entries.size > 0) {
    return [...node.entries].flatMap(([name, value]) => leaves(value, `${key}.${name}`));
  }
  if (node.kind === "list" && node.items.length > 0) {
    return node.items.flatMap((item, index) => leaves(item, `${key}.${index}`));
  }
  const { file, line, column } = node.at;
  return [`${file}:${line}:${column}  ${key} = ${JSON.stringify(toPlain(node))}\n`];
}
