import { CliError } from "../../cli-error.ts";
import { atMost, defineCommand } from "../../command.ts";
import { validateLabel } from "../../container-config/environment.ts";
import { list, map, splitPair, string } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [VOLUME]",
  description: "Create a volume",
  args: atMost(1),
  flags: {
    driver: string("Specify volume driver name", { short: "d", initial: "local" }),
    label: list("Set metadata for a volume", { validate: validateLabel }),
    name: string("Specify volume name", { hidden: true }),
    opt: map("Set driver specific options", { short: "o", shown: "map[]" }),
  },
  run: async ({ values, args, context }) => {
    const [name = ""] = args;
    if (name !== "" && values.name !== "") {
      throw new CliError(
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    }
    const { volumes } = await context.client();
    const created = await volumes.create({
      Name: name || values.name,
      Driver: values.driver,
      DriverOpts: { ...values.opt },
      Labels: Object.fromEntries(values.label.map(splitPair)),
    });
    context.stdout.line(created.Name);
    return undefined;
  },
});
