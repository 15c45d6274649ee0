import { defineCommand, exactly } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] NETWORK CONTAINER",
  description: "Disconnect a container from a network",
  args: exactly(2),
  flags: { force: bool("Force the container to disconnect from a network", { short: "f" }) },
  run: async ({ values, args, context }) => {
    const [network = "", container = ""] = args;
    const { networks } = await context.client();
    await networks.disconnect(network, { Container: container, Force: values.force });
    return undefined;
  },
});
