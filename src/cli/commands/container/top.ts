import { atLeast, defineCommand } from "../../command.ts";
import { alignTabs } from "../../format/tab-writer.ts";

const TABLE = { minWidth: 20, padding: 3 };

export const command = defineCommand({
  usage: "CONTAINER [ps OPTIONS]",
  description: "Display the running processes of a container",
  aliases: ["container top", "top"],
  args: atLeast(1),
  flags: {},
  flagsEndAtFirstArgument: true,
  run: async ({ args, context }) => {
    const [name = "", ...psArguments] = args;
    const { containers } = await context.client();
    const options = psArguments.length === 0 ? undefined : psArguments.join(" ");
    const { Titles, Processes } = await containers.top(name, options);
    const rows = [Titles, ...(Processes ?? [])].map((cells) => `${cells.join("\t")}\n`);
    context.stdout.write(alignTabs(rows.join(""), TABLE));
    return undefined;
  },
});
