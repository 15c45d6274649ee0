import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "VOLUME [VOLUME...]",
  description: "Lift the guard of one or more volumes",
  args: atLeast(1),
  flags: {},
  run: async ({ args, context }) => {
    const { volumes } = await context.client();
    return await forEachArgument(args, context, async (name) => {
      await volumes.lock(name, false);
      return name;
    });
  },
});
