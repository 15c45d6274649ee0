import { defineCommand, noArguments } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Stop the Berth daemon; containers go on running unless they are stopped too",
  args: noArguments,
  flags: { containers: bool("Stop all running containers first") },
  run: async ({ values, context }) => {
    const { system } = await context.client();
    // The stream ends with the daemon: what follows this command finds it gone.
    const gone = readToEnd(await system.events());
    await system.stop({ containers: values.containers });
    await gone;
    return undefined;
  },
});

async function readToEnd(events: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of events) {
      // Only the end is of interest.
    }
  } catch {
    // A connection that breaks is an end too.
  }
}
