import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";

export const command = defineCommand({
  usage: "CONTAINER NEW_NAME",
  description: "Rename a container",
  aliases: ["container rename", "rename"],
  args: exactly(2),
  flags: {},
  run: async ({ args, context }) => {
    const [before = "", after = ""] = args.map((each) => each.trim());
    if (before === "" || after === "") {
      throw new CliError("Error: Neither old nor new names may be empty");
    }
    const { containers } = await context.client();
    try {
      await containers.rename(before, after);
    } catch (error) {
      context.stderr.line(failureText(error));
      throw new CliError(`Error: failed to rename container named ${before}`, 1, { cause: error });
    }
    return undefined;
  },
});
