import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  description: "Unpause all processes within one or more containers",
  aliases: ["container unpause", "unpause"],
  args: atLeast(1),
  flags: {},
  run: async ({ args, context }) => {
    const { containers } = await context.client();
    return forEachArgument(args, context, async (name) => {
      await containers.unpause(name);
      return name;
    });
  },
});
