import type { AnyCommand } from "../command.ts";
import type { CommandGroup, CommandNode } from "../command-node.ts";
import type { Flags } from "../flags/flag.ts";
import { flagTable } from "./flag-table.ts";

/** The page of a command: usage, text, other names, options. */
export function commandHelp(command: AnyCommand, path: string, width: number): string {
  const program = path.split(" ")[0];
  const sections = [`Usage:  ${usageLine(command, path)}`, command.description];
  if (command.aliases !== undefined) {
    const names = command.aliases.map((alias) => `${program} ${alias}`);
    sections.push(`Aliases:\n  ${names.join(", ")}`);
  }
  const table = flagTable(command.flags, width);
  if (table !== "") sections.push(`Options:\n${table.trimEnd()}`);
  return `${sections.join("\n\n")}\n`;
}

export function usageLine(command: AnyCommand, path: string): string {
  return command.usage === "" ? path : `${path} ${command.usage}`;
}

/** The page of a group: `berth container`. */
export function groupHelp(node: CommandNode, path: string, width: number): string {
  const { flags } = node;
  return [
    `Usage:  ${path} ${flags === undefined ? "" : "[OPTIONS] "}COMMAND`,
    node.short,
    ...(flags === undefined ? [] : [`Options:\n${flagTable(flags, width).trimEnd()}`]),
    commandList("Commands", node.children ?? []),
    `Run '${path} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

/** The first page: `berth --help`. */
export function programHelp(
  program: string,
  nodes: readonly CommandNode[],
  globalFlags: Flags,
  width: number,
): string {
  const groups: CommandGroup[] = ["Common Commands", "Management Commands", "Commands"];
  const lists = groups.map((group) =>
    commandList(
      group,
      nodes.filter((node) => node.group === group),
    ),
  );
  return [
    `Usage:  ${program} [OPTIONS] COMMAND`,
    "A container engine that speaks Docker",
    ...lists,
    `Global Options:\n${flagTable(globalFlags, width).trimEnd()}`,
    `Run '${program} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

/** Lists of commands align at the longest name of all, never below the width that Docker's have. */
const NAME_WIDTH = 11;

function commandList(title: string, nodes: readonly CommandNode[]): string {
  const visible = nodes.filter((node) => node.hidden !== true);
  const sorted =
    title === "Common Commands" ? visible : [...visible].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.map(({ name, short }) => `  ${name.padEnd(NAME_WIDTH)} ${short}`);
  return [`${title}:`, ...lines].join("\n");
}
