import { defineCommand, exactly } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { writeArchive } from "../write-archive.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME[@SNAPSHOT]",
  description: "Export a volume's content as a tar archive (streamed to STDOUT by default)",
  args: exactly(1),
  flags: {
    "no-pause": bool("Do not freeze the containers that write to the volume while it is read"),
    output: string("Write to a file, instead of STDOUT", { short: "o" }),
  },
  run: async ({ values, args, context }) => {
    const { volumes } = await context.client();
    await writeArchive(context, values.output, "export volume", () =>
      volumes.export(args[0] ?? "", { pause: !values["no-pause"] }),
    );
    return undefined;
  },
});
