import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";
import { stopFlags, stopOptions } from "./stop-options.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Stop one or more running containers",
  aliases: ["container stop", "stop"],
  args: atLeast(1),
  flags: stopFlags,
  run: async ({ values, changed, args, context }) => {
    const options = stopOptions(values, changed);
    const { containers } = await context.client();
    return forEachArgument(args, context, async (name) => {
      await containers.stop(name, options);
      return name;
    });
  },
});
