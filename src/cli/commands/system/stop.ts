import { defineCommand, noArguments } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Stop the Berth daemon; containers go on running unless they are stopped too",
  args: noArguments,
  flags: { containers: bool("Stop all running containers first") },
  run: async ({ values, context }) => {
    const { system } = await context.client();
    await system.stop({ containers: values.containers });
    return undefined;
  },
});
