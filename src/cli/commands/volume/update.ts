import { CliError } from "../../cli-error.ts";
import { atMost, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [VOLUME]",
  description: "Update a volume (cluster volumes only)",
  args: atMost(1),
  flags: {
    availability: string('Cluster Volume availability ("active", "pause", "drain")', {
      initial: "active",
    }),
  },
  run: async ({ args, context }) => {
    const { volumes } = await context.client();
    await volumes.inspect(args[0] ?? "");
    throw new CliError("can only update cluster volumes");
  },
});
