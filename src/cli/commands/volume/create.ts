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
    if (differs(values.opt, created.Options)) {
      context.stderr.line(
        `WARNING: volume ${created.Name} was there already and keeps its own options: ` +
          "remove it first if it is to have these",
      );
    }
    return undefined;
  },
});

/** Whether an engine that answers with the volume that it has was asked for something else. */
function differs(
  wanted: Readonly<Record<string, string>>,
  has: Readonly<Record<string, string>> | null,
): boolean {
  return Object.entries(wanted).some(([key, value]) => has?.[key] !== value);
}
