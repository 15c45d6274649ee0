import { CliError } from "../../cli/cli-error.ts";
import { defineCommand } from "../../cli/command.ts";
import { bool, int, string } from "../../cli/flags/flag-kinds.ts";
import { openRunning } from "../open-project.ts";
import { down } from "../operations/down.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICES]",
  description: "Stop and remove containers, networks",
  args: anyArguments,
  flags: {
    "remove-orphans": bool("Remove containers for services not defined in the Compose file"),
    rmi: string(
      'Remove images used by services. "local" remove only images that don\'t have a custom tag ("local"|"all")',
    ),
    timeout: int("Specify a shutdown timeout in seconds", { short: "t" }),
    volumes: bool(
      'Remove named volumes declared in the "volumes" section of the Compose file and anonymous volumes attached to containers',
      { short: "v" },
    ),
  },
  run: async ({ values, changed, args, context }) => {
    const { rmi } = values;
    if (rmi !== "" && rmi !== "local" && rmi !== "all") {
      throw new CliError(`invalid value for --rmi: "${rmi}": use "local" or "all"`);
    }
    const { context: work, loaded } = await openRunning(context, "Running", args);
    // Services that no profile asks for are the project's too: they are taken down with it.
    const services = { ...loaded.disabled, ...work.project.services };
    await down(
      { ...work, project: { ...work.project, services } },
      {
        services: args,
        volumes: values.volumes,
        removeOrphans: values["remove-orphans"] || work.place.files.length === 0,
        ignoreOrphans: false,
        ...(rmi === "" ? {} : { images: rmi }),
        ...(changed.has("timeout") ? { timeout: values.timeout } : {}),
      },
    );
    return 0;
  },
});
