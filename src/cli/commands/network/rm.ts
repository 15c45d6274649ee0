import { EngineError } from "../../../spec/errors.ts";
import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { bool } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "NETWORK [NETWORK...]",
  description: "Remove one or more networks",
  aliases: ["network rm", "network remove"],
  args: atLeast(1),
  flags: { force: bool("Do not error if the network does not exist", { short: "f" }) },
  run: async ({ values, args, context }) => {
    const { networks } = await context.client();
    let failed = false;
    for (const name of args) {
      try {
        await networks.remove(name);
        context.stdout.line(name);
      } catch (error) {
        if (values.force && error instanceof EngineError && error.kind === "not-found") continue;
        context.stderr.line(failureText(error));
        failed = true;
      }
    }
    if (failed) throw new CliError("exit status 1");
    return undefined;
  },
});
