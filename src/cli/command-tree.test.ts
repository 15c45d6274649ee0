import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { composeCommand } from "../compose/compose-command.ts";
import type { AnyCommand } from "./command.ts";
import { type CommandNode, findChild } from "./command-node.ts";
import { COMMAND_TREE } from "./command-tree.ts";
import type { Flags } from "./flags/flag.ts";
import { globalFlags } from "./global-flags.ts";
import docker from "./testing/docker-commands.data.json";

/** A command of docker 28.2.2 as its help tells: flags as name, letter, type, default, text. */
interface DockerCommand {
  path: string;
  usage: string;
  aliases: string[];
  flags: [string, string | null, string, string | null, string][];
  group: boolean;
}

const reference = docker as unknown as DockerCommand[];
const compatibility = join(import.meta.dir, "../../docs/compatibility.md");

/** The rows of the page's table of commands: what differs → why. */
function exceptions(): Map<string, string> {
  const section = readFileSync(compatibility, "utf8").split("### Commands\n")[1]?.split("\n## ")[0];
  const rows = (section ?? "").matchAll(/^\| `([^|]+)` +\| ([^|]+?) +\|$/gm);
  return new Map([...rows].map(([, difference = "", why = ""]) => [difference, why]));
}

function find(path: string): CommandNode | undefined {
  let node: CommandNode | undefined;
  let nodes: readonly CommandNode[] | undefined = [...COMMAND_TREE, composeCommand];
  for (const word of path.split(" ").slice(1)) {
    node = findChild(nodes ?? [], word);
    nodes = node?.children;
  }
  return node;
}

const squeeze = (text: string): string => text.replaceAll(/\s+/g, " ");

function* flagDifferences(path: string, theirs: DockerCommand["flags"], ours: Flags) {
  for (const [name, letter, type, initial, text] of theirs) {
    const flag = ours[name];
    if (flag === undefined) {
      yield `${path} --${name}: missing`;
      continue;
    }
    if ((letter ?? undefined) !== flag.short) yield `${path} --${name}: letter`;
    if (type !== (flag.type || "bool")) yield `${path} --${name}: type`;
    const shown = flag.defaultText?.replace(/^"(.*)"$/, "$1");
    // What help says in the text of a flag in brackets is told as its default.
    const inText = initial !== null && squeeze(flag.usage).endsWith(`(default ${initial})`);
    if (!inText && (initial ?? undefined) !== (shown ?? (type === "bool" ? "false" : undefined))) {
      yield `${path} --${name}: default`;
    }
    const usage = squeeze(flag.usage).replace(inText ? ` (default ${initial})` : "", "");
    if (text !== usage) yield `${path} --${name}: text`;
  }
}

function* commandDifferences({ path, usage, aliases, flags }: DockerCommand, ours: AnyCommand) {
  const own = squeeze(ours.usage.split("\n")[0] ?? "");
  if (usage.slice(path.length).trim() !== own) yield `${path}: usage`;
  const names = (ours.aliases ?? []).map((alias) => `docker ${alias}`);
  for (const alias of aliases) if (!names.includes(alias)) yield `${path}: ${alias}`;
  for (const alias of aliases) {
    if (find(alias) === undefined) yield `${path}: ${alias} is no command`;
  }
  yield* flagDifferences(path, flags, ours.flags);
}

async function differences(): Promise<string[]> {
  const found: string[] = [];
  const seen = new Set<AnyCommand>();
  for (const theirs of reference) {
    if (theirs.path === "docker") {
      found.push(...flagDifferences("docker", theirs.flags, globalFlags({ HOME: "~" })));
      continue;
    }
    const node = find(theirs.path);
    if (node === undefined) found.push(`${theirs.path}: missing`);
    else if (node.load !== undefined && !theirs.group) {
      const { command } = await node.load();
      // The same command under another name is told of once.
      if (!seen.has(command)) found.push(...commandDifferences(theirs, command));
      seen.add(command);
    } else if (theirs.group !== (node.children !== undefined)) found.push(`${theirs.path}: kind`);
  }
  return found.map((each) => each.replace(/^docker /, ""));
}

test("every command, alias, flag, letter, type, default and form of docker's is here, or excused", async () => {
  const excused = exceptions();
  expect((await differences()).filter((each) => !excused.has(each)).sort()).toEqual([]);
});

test("nothing is excused that is alike, and nothing without a reason", async () => {
  const real = new Set(await differences());
  const excused = [...exceptions()];
  expect(excused.length).toBeGreaterThan(0);
  expect(excused.filter(([difference, why]) => !real.has(difference) || why === "")).toEqual([]);
});

test("no two flags of a command have one letter, and every command can be loaded", async () => {
  const walk = async (nodes: readonly CommandNode[], path: string): Promise<number> => {
    let count = 0;
    for (const node of nodes) {
      const here = `${path} ${node.name}`;
      const flags = { ...node.flags, ...(await node.load?.())?.command.flags };
      const letters = Object.values(flags).flatMap(({ short }) => short ?? []);
      expect([here, new Set(letters).size]).toEqual([here, letters.length]);
      count += 1 + (await walk(node.children ?? [], here));
    }
    return count;
  };
  expect(await walk(COMMAND_TREE, "berth")).toBeGreaterThan(reference.length);
});
