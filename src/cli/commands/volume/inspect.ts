import { atLeast, defineCommand } from "../../command.ts";
import { string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { inspectEach } from "../inspect-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  description: "Display detailed information on one or more volumes",
  args: atLeast(1),
  flags: { format: string(OBJECT_FORMAT_USAGE, { short: "f" }) },
  run: async ({ values, args, context }) => {
    const { volumes } = await context.client();
    return inspectEach(context, args, values.format, (name) => volumes.inspect(name));
  },
});
