import type { CommandNode } from "../cli/command-tree.ts";
import { composeFlags } from "./compose-flags.ts";

type Load = NonNullable<CommandNode["load"]>;
const leaf = (
  name: string,
  short: string,
  load: Load,
  more: Partial<CommandNode> = {},
): CommandNode => ({
  name,
  short,
  load,
  ...more,
});

/** `compose` with its commands, for the command line's tree. */
export const composeCommand: CommandNode = {
  name: "compose",
  short: "Define and run multi-container applications",
  group: "Management Commands",
  flags: composeFlags,
  children: [
    leaf(
      "config",
      "Parse, resolve and render compose file in canonical format",
      () => import("./commands/config.ts"),
      { aliases: ["convert"] },
    ),
    leaf("down", "Stop and remove containers, networks", () => import("./commands/down.ts")),
    leaf("up", "Create and start containers", () => import("./commands/up.ts")),
  ],
};
