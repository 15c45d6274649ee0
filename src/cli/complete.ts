import type { EngineClient } from "../client/index.ts";
import { type CommandNode, findChild } from "./command-node.ts";
import type { Flags } from "./flags/flag.ts";

type Kind = "container" | "running" | "image" | "network" | "volume" | "trashed volume";

/** What the arguments of a command name, by the command's last words. */
const ARGUMENTS: Readonly<Record<string, Kind>> = {
  "image inspect": "image",
  "image rm": "image",
  "network inspect": "network",
  "network rm": "network",
  "network connect": "network",
  "network disconnect": "network",
  ...Object.fromEntries(
    "browse cat clone du export import inspect lock rename restore rm snapshot snapshots unlock"
      .split(" ")
      .map((name) => [`volume ${name}`, "volume"]),
  ),
  "volume trash empty": "trashed volume",
  "volume trash restore": "trashed volume",
  ...Object.fromEntries(
    "attach exec kill pause port restart stats stop top unpause wait"
      .split(" ")
      .map((name) => [name, "running"]),
  ),
  ...Object.fromEntries(
    "commit cp diff export inspect logs rename rm start update"
      .split(" ")
      .map((name) => [name, "container"]),
  ),
  ...Object.fromEntries(
    "create history push rmi run save tag".split(" ").map((name) => [name, "image"]),
  ),
};

export interface CompletionSources {
  readonly tree: readonly CommandNode[];
  readonly globalFlags: Flags;
  client(): Promise<EngineClient>;
}

/**
 * Candidates for the last of the words (which may be empty). A daemon that does not answer leaves its
 * names out.
 */
export async function complete(
  words: readonly string[],
  sources: CompletionSources,
): Promise<string[]> {
  const current = words.at(-1) ?? "";
  const { nodes, node, flags, path } = await walk(words.slice(0, -1), sources);
  const candidates = current.startsWith("-")
    ? flagNames(flags)
    : node?.load === undefined
      ? nodes.filter(({ hidden }) => hidden !== true).map(({ name }) => name)
      : await argumentNames(path, sources);
  return candidates.filter((candidate) => candidate.startsWith(current)).sort();
}

async function walk(words: readonly string[], sources: CompletionSources) {
  let nodes = sources.tree;
  let node: CommandNode | undefined;
  let flags = sources.globalFlags;
  const path: string[] = [];
  for (const word of words) {
    if (node?.load !== undefined) break;
    const child = findChild(nodes, word);
    if (child === undefined) continue;
    node = child;
    path.push(child.name);
    nodes = child.children ?? [];
    flags = child.load === undefined ? {} : (await child.load()).command.flags;
  }
  return { nodes, node, flags, path };
}

function flagNames(flags: Flags): string[] {
  return Object.entries(flags)
    .filter(([, flag]) => flag.hidden !== true)
    .flatMap(([name, { short }]) =>
      short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
    );
}

async function argumentNames(
  path: readonly string[],
  sources: CompletionSources,
): Promise<string[]> {
  const kind = ARGUMENTS[path.join(" ")] ?? ARGUMENTS[path.at(-1) ?? ""];
  if (kind === undefined) return [];
  try {
    return await objectNames(kind, await sources.client());
  } catch {
    return [];
  }
}

async function objectNames(kind: Kind, client: EngineClient): Promise<string[]> {
  switch (kind) {
    case "container":
    case "running": {
      const containers = await client.containers.list({ all: kind === "container" });
      return containers.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, "")));
    }
    case "image": {
      const images = await client.images.list();
      return images.flatMap(({ RepoTags }) => RepoTags ?? []);
    }
    case "network":
      return (await client.networks.list()).map(({ Name }) => Name);
    case "trashed volume":
      return (await client.volumes.trash()).map(({ Name }) => Name);
    case "volume":
      return ((await client.volumes.list()).Volumes ?? []).map(({ Name }) => Name);
  }
}
