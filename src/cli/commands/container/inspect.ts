import { atLeast, defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { inspectEach } from "../inspect-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Display detailed information on one or more containers",
  args: atLeast(1),
  flags: {
    format: string(OBJECT_FORMAT_USAGE, { short: "f" }),
    size: bool("Display total file sizes", { short: "s" }),
  },
  run: async ({ values, args, context }) => {
    const { containers } = await context.client();
    return inspectEach(context, args, values.format, (name) =>
      containers.inspect(name, { size: values.size }),
    );
  },
});
