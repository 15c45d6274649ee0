import type { AnyCommand } from "./command.ts";
import type { Flags } from "./flags/flag.ts";

export type CommandGroup = "Common Commands" | "Management Commands" | "Commands";

/** A word of the command line: a group with `children`, or a command that `load` imports when it is run. */
export interface CommandNode {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly short: string;
  readonly group?: CommandGroup;
  readonly hidden?: boolean;
  readonly children?: readonly CommandNode[];
  /** Flags of a group, which stand before the child's name. */
  readonly flags?: Flags;
  readonly load?: () => Promise<{ command: AnyCommand }>;
}

type Load = NonNullable<CommandNode["load"]>;

export const leaf = (
  name: string,
  short: string,
  load: Load,
  aliases?: readonly string[],
): CommandNode => ({
  name,
  short,
  load,
  ...(aliases === undefined ? {} : { aliases }),
});

export const group = (
  name: string,
  short: string,
  children: readonly CommandNode[],
): CommandNode => ({
  name,
  short,
  children,
  group: "Management Commands",
});

/** The child that a word names, by name or alias. */
export function findChild(nodes: readonly CommandNode[], word: string): CommandNode | undefined {
  return nodes.find((node) => node.name === word || node.aliases?.includes(word) === true);
}
