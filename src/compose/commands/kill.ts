import { defineCommand } from "../../cli/command.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Force stop service containers",
  args: anyArguments,
  flags: {
    "remove-orphans": bool("Remove containers for services not defined in the Compose file"),
    signal: string("SIGNAL to send to the container", { short: "s", initial: "SIGKILL" }),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "Running", args);
    const known = (service: string) => service in work.project.services;
    const found = (await containersOf(work, args)).filter(
      ({ service }) => known(service) || values["remove-orphans"],
    );
    if (found.length === 0) work.warn("no container to kill");
    await Promise.all(
      found.map(async ({ id, name, service }) => {
        work.progress.step(`Container ${name}`, "Killing", "working");
        await work.client.containers.kill(id, values.signal);
        work.progress.step(`Container ${name}`, "Killed", "done");
        if (!known(service)) await work.client.containers.remove(id, { force: true });
      }),
    );
    work.progress.finish();
    return 0;
  },
});
