import type { AnyCommand } from "../command.ts";
import type { CommandNode } from "../command-node.ts";
import type { Flags } from "../flags/flag.ts";

/** What a page is written of: a command, or a group of them. */
export interface PageSource {
  readonly path: string;
  readonly node: CommandNode;
  readonly command?: AnyCommand;
}

/** Every visible command and group with its page's source, depth first. */
export async function pageSources(
  nodes: readonly CommandNode[],
  program: string,
): Promise<PageSource[]> {
  const sources: PageSource[] = [];
  for (const node of nodes) {
    if (node.hidden === true) continue;
    const path = `${program} ${node.name}`;
    const command = node.load === undefined ? {} : { command: (await node.load()).command };
    sources.push({ path, node, ...command });
    sources.push(...(await pageSources(node.children ?? [], path)));
  }
  return sources;
}

/** Text as roff takes it: no line starts with a request, no backslash or dash has a meaning. */
const roff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^(?=[.'])/gm, "\\&");

/** A page for man(1), section 1 (man(7)). */
export function manPage({ path, node, command }: PageSource): string {
  const name = path.replaceAll(" ", "-");
  const usage = command === undefined ? "COMMAND" : command.usage;
  const description = command?.description ?? node.short;
  const flags = command?.flags ?? node.flags ?? {};
  const children = (node.children ?? []).filter(({ hidden }) => hidden !== true);
  return [
    `.TH "${name.toUpperCase()}" "1" "" "Berth" "Berth"`,
    ".SH NAME",
    `${roff(name)} \\- ${roff(node.short)}`,
    ".SH SYNOPSIS",
    `.B ${roff(path)}`,
    roff(usage),
    ".SH DESCRIPTION",
    ...description.split("\n").map((line) => (line === "" ? ".PP" : roff(line))),
    ...options(flags),
    ...(children.length === 0 ? [] : [".SH COMMANDS"]),
    ...children.flatMap((child) => [".TP", `.B ${roff(child.name)}`, roff(child.short)]),
    ...(command?.aliases === undefined || command.aliases.length < 2
      ? []
      : [".SH ALIASES", roff(command.aliases.map((alias) => `berth ${alias}`).join(", "))]),
    "",
  ].join("\n");
}

function options(flags: Flags): string[] {
  const visible = Object.entries(flags)
    .filter(([, flag]) => flag.hidden !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (visible.length === 0) return [];
  return [
    ".SH OPTIONS",
    ...visible.flatMap(([name, { short, type, usage, defaultText }]) => {
      const letter = short === undefined ? "" : `\\-${short}, `;
      const initial = defaultText === undefined ? "" : ` (default ${defaultText})`;
      return [
        ".TP",
        `\\fB${letter}\\-\\-${roff(name)}\\fR${type === "" ? "" : ` \\fI${roff(type)}\\fR`}`,
        ...roff(`${usage}${initial}`)
          .split("\n")
          .flatMap((line, at) => (at === 0 ? [line] : [".br", line])),
      ];
    }),
  ];
}

/** The reference in Markdown: a section for each command, its flags as a table. */
export function referencePage(sources: readonly PageSource[]): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
  const sections = sources.map(({ path, node, command }) => {
    const usage = command === undefined ? "COMMAND" : (command.usage.split("\n")[0] ?? "");
    const flags = Object.entries(command?.flags ?? {})
      .filter(([, flag]) => flag.hidden !== true)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = flags.map(([name, { short, type, usage: text, defaultText }]) => {
      const names = short === undefined ? `\`--${name}\`` : `\`-${short}\`, \`--${name}\``;
      const initial = defaultText === undefined ? "" : `\`${cell(defaultText)}\``;
      return `| ${names} | ${type} | ${initial} | ${cell(text)} |`;
    });
    const table =
      rows.length === 0
        ? []
        : ["", "| Flag | Type | Default | |", "| --- | --- | --- | --- |", ...rows];
    return [
      `## ${path}`,
      "",
      `    ${path} ${usage}`.trimEnd(),
      "",
      cell(command?.description ?? node.short),
      ...table,
    ].join("\n");
  });
  return `# Reference of the command line\n\nWritten by \`berth generate reference\` from the tree of commands.\n\n${sections.join("\n\n")}\n`;
}
