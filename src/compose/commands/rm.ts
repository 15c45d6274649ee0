import { defineCommand } from "../../cli/command.ts";
import { confirm } from "../../cli/commands/confirm.ts";
import { bool } from "../../cli/flags/flag-kinds.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { removeServices, stopServices } from "../operations/end-containers.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: `Removes stopped service containers

By default, anonymous volumes attached to containers will not be removed. You
can override this with -v. To list all volumes, use "docker volume ls".`,
  args: anyArguments,
  flags: {
    force: bool("Don't ask to confirm removal", { short: "f" }),
    stop: bool("Stop the containers, if required, before removing", { short: "s" }),
    volumes: bool("Remove any anonymous volumes attached to containers", { short: "v" }),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "Running", args);
    if (values.stop) await stopServices(work, await containersOf(work, args), undefined);
    const all = await containersOf(work, args, { all: true });
    const stopped = all.filter(({ state }) => !["running", "paused", "restarting"].includes(state));
    work.progress.finish();
    if (stopped.length === 0) {
      context.stderr.line("No stopped containers");
      return 0;
    }
    const names = stopped.map(({ name }) => name).join(", ");
    if (!values.force) {
      const agreed = await confirm(context, `Going to remove ${names}`);
      if (!agreed) return 0;
    }
    await removeServices(work, stopped, { volumes: values.volumes });
    work.progress.finish();
    return 0;
  },
});
