import { atMost, defineCommand } from "../../command.ts";
import { eraseCredentials } from "../../connection/stored-credentials.ts";
import { registryServer } from "./login.ts";

export const command = defineCommand({
  usage: "[SERVER]",
  description:
    "Log out from a registry.\nIf no server is specified, the default is defined by the daemon.",
  args: atMost(1),
  flags: {},
  run: async ({ args, context }) => {
    const server = registryServer(args[0]);
    context.stdout.line(`Removing login credentials for ${server}`);
    await eraseCredentials(context.configDirectory, await context.config(), server);
    return undefined;
  },
});
