import { defineCommand, exactly } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { writeArchive } from "../write-archive.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER",
  description: "Export a container's filesystem as a tar archive",
  aliases: ["container export", "export"],
  args: exactly(1),
  flags: { output: string("Write to a file, instead of STDOUT", { short: "o" }) },
  run: async ({ values, args, context }) => {
    const [name = ""] = args;
    const { containers } = await context.client();
    await writeArchive(context, values.output, "export", () => containers.export(name));
    return undefined;
  },
});
