import { atLeast, defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { inspectEach } from "../inspect-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  description: "Display detailed information on one or more networks",
  args: atLeast(1),
  flags: {
    format: string(OBJECT_FORMAT_USAGE, { short: "f" }),
    verbose: bool("Verbose output for diagnostics", { short: "v" }),
  },
  run: async ({ values, args, context }) => {
    const { networks } = await context.client();
    return inspectEach(context, args, values.format, (name) =>
      networks.inspect(name, { verbose: values.verbose }),
    );
  },
});
