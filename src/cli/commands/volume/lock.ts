import { atLeast, defineCommand } from "../../command.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "VOLUME [VOLUME...]",
  description: "Guard one or more volumes against removal, forced ones and prunes included",
  args: atLeast(1),
  flags: {},
  run: async ({ args, context }) => {
    const { volumes } = await context.client();
    return await forEachArgument(args, context, async (name) => {
      await volumes.lock(name, true);
      return name;
    });
  },
});
