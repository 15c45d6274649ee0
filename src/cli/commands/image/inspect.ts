import { atLeast, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { inspectEach } from "../inspect-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Display detailed information on one or more images",
  args: atLeast(1),
  flags: {
    format: string(OBJECT_FORMAT_USAGE, { short: "f" }),
    platform: string(
      "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
  },
  run: async ({ values, args, context }) => {
    const { images } = await context.client();
    const options = values.platform === "" ? {} : { platform: values.platform };
    return inspectEach(context, args, values.format, (name) => images.inspect(name, options));
  },
});
