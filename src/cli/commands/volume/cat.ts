import { atLeast, defineCommand } from "../../command.ts";

export const command = defineCommand({
  usage: "VOLUME[@SNAPSHOT] PATH [PATH...]",
  description: "Print files of a volume, without a container",
  args: atLeast(2),
  flags: {},
  run: async ({ args, context }) => {
    const [ref = "", ...paths] = args;
    const { volumes } = await context.client();
    for (const path of paths) {
      for await (const chunk of await volumes.content(ref, path)) await context.stdout.send(chunk);
    }
    return undefined;
  },
});
