import { atLeast, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { writeArchive } from "../write-archive.ts";

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  aliases: ["image save", "save"],
  args: atLeast(1),
  flags: {
    output: string("Write to a file, instead of STDOUT", { short: "o" }),
    platform: string(
      'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
  },
  run: async ({ values, args, context }) => {
    const { images } = await context.client();
    const options = values.platform === "" ? {} : { platforms: [values.platform] };
    await writeArchive(context, values.output, "save", () => images.save(args, options));
    return undefined;
  },
});
