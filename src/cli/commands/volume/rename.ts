import { defineCommand, exactly } from "../../command.ts";

export const command = defineCommand({
  usage: "VOLUME NEW_NAME",
  description: "Rename a volume; the containers that use it follow, running ones too",
  args: exactly(2),
  flags: {},
  run: async ({ args, context }) => {
    const [from = "", to = ""] = args;
    const { volumes } = await context.client();
    await volumes.rename(from, to);
    return undefined;
  },
});
