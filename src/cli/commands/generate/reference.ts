import { defineCommand, noArguments } from "../../command.ts";
import { COMMAND_TREE } from "../../command-tree.ts";
import { pageSources, referencePage } from "../../help/man-page.ts";

export const command = defineCommand({
  usage: "",
  description: "Print the reference of all commands in Markdown",
  args: noArguments,
  flags: {},
  run: async ({ context }) => {
    context.stdout.write(referencePage(await pageSources(COMMAND_TREE, "berth")));
    return undefined;
  },
});
