import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";
import { stopFlags, stopOptions } from "./stop-options.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Restart one or more containers",
  aliases: ["container restart", "restart"],
  args: atLeast(1),
  flags: stopFlags,
  run: async ({ values, changed, args, context }) => {
    const options = stopOptions(values, changed);
    const { containers } = await context.client();
    return forEachArgument(args, context, async (name) => {
      await containers.restart(name, options);
      return name;
    });
  },
});
