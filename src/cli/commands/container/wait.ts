import { atLeast, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  description: "Block until one or more containers stop, then print their exit codes",
  aliases: ["container wait", "wait"],
  args: atLeast(1),
  flags: {
    healthy: bool("Wait until the containers are healthy (prints 0), or stop before that"),
  },
  run: async ({ values, args, context }) => {
    const { containers } = await context.client();
    return forEachArgument(args, context, async (name) => {
      const waiting = await containers.wait(name, values.healthy ? "healthy" : "not-running");
      const { StatusCode, Error: failure } = await waiting.result;
      if (failure !== undefined && failure !== null) throw new Error(failure.Message);
      return String(StatusCode);
    });
  },
});
