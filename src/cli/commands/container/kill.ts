import { atLeast, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Kill one or more running containers",
  aliases: ["container kill", "kill"],
  args: atLeast(1),
  flags: { signal: string("Signal to send to the container", { short: "s" }) },
  run: async ({ values, args, context }) => {
    const { containers } = await context.client();
    return forEachArgument(args, context, async (name) => {
      await containers.kill(name, values.signal === "" ? undefined : values.signal);
      return name;
    });
  },
});
