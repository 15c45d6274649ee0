import { defineCommand, noArguments } from "../../command.ts";
import { currentContext } from "./current-context.ts";

export const command = defineCommand({
  usage: "",
  description: "Print the name of the current context",
  args: noArguments,
  flags: {},
  run: async ({ context }) => {
    context.stdout.line(await currentContext(context));
    return undefined;
  },
});
